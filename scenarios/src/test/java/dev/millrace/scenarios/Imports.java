package dev.millrace.scenarios;

import dev.millrace.app.Millrace;
import dev.millrace.jobs.CronSchedule;
import dev.millrace.jobs.Items;
import dev.millrace.jobs.Job;
import dev.millrace.jobs.JobContext;
import dev.millrace.jobs.JobRegistry;
import dev.millrace.jobs.Retry;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;

/** Counts the stars of all repositories of an organization. */
public final class Imports {
  record Import(String organization) {}

  record Imported(int repositories, long stars, List<String> failed) {}

  static final Job<String, Long> ANALYZE =
      Job.of("analyze", String.class, Long.class)
          .retry(Retry.exponential(Duration.ofSeconds(1), Duration.ofMinutes(5)).attempts(4))
          .handler((name, context) -> {
            context.log("looking at " + name);
            return context.step("stars", () -> stars(name));
          });

  static final Job<Import, Imported> IMPORT =
      Job.of("import", Import.class, Imported.class)
          .concurrencyKey(Import::organization)
          .timeout(Duration.ofHours(2))
          .handler(Imports::run);

  static Imported run(Import input, JobContext context) throws Exception {
    List<String> names = context.step("list", () -> list(input.organization()));
    Items<Long> items = context.forEach("analyze", names, ANALYZE);
    long stars = items.succeeded().stream().mapToLong(Long::longValue).sum();
    context.step("notify", () -> System.out.println(input.organization() + ": " + stars));
    return new Imported(items.succeeded().size(), stars, items.failedKeys());
  }

  static List<String> list(String organization) {
    return List.of(organization + "/anvil", organization + "/rocket"); // a call over HTTP
  }

  static long stars(String name) {
    return name.length(); // another one
  }

  static JobRegistry jobs() {
    return JobRegistry.of(IMPORT, ANALYZE)
        .schedule(
            CronSchedule.of(
                "nightly", "30 2 * * *", ZoneId.of("Europe/Berlin"), IMPORT, new Import("acme")));
  }

  public static void main(String[] args) {
    Millrace.work(Imports::jobs, args);
  }
}
