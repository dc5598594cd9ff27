package dev.millrace.app;

import dev.millrace.jobs.CronSchedule;
import dev.millrace.jobs.Items;
import dev.millrace.jobs.Job;
import dev.millrace.jobs.JobContext;
import dev.millrace.jobs.JobRegistry;
import dev.millrace.jobs.Retry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

/** A program with jobs as a user would write one; with an indexer beside them if it is asked to. */
final class JobsMain {
  private JobsMain() {}

  record Greeting(String name, int times) {}

  record Greeted(String text, List<String> failed) {}

  record Hold(String file) {}

  static final Job<String, String> WORD =
      Job.of("word", String.class, String.class)
          .retry(Retry.none())
          .handler((word, _) -> {
            if (word.equals("bad")) {
              throw new IllegalArgumentException("word is bad");
            }
            return word.toUpperCase(Locale.ROOT);
          });

  static final Job<Greeting, Greeted> GREET =
      Job.of("greet", Greeting.class, Greeted.class).retry(Retry.none()).handler(JobsMain::greet);

  /** Holds its slot until a file exists. */
  static final Job<Hold, String> HOLD =
      Job.of("hold", Hold.class, String.class)
          .queue("slow")
          .handler((hold, context) -> {
            context.log("holding");
            Path file = Path.of(hold.file());
            while (!Files.exists(file)) {
              LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
              if (Thread.interrupted()) {
                throw new InterruptedException();
              }
            }
            return hold.file();
          });

  private static Greeted greet(Greeting greeting, JobContext context) throws Exception {
    String text = context.step("text", () -> "hello " + greeting.name());
    context.progress(1, 2, "greeted");
    context.log("said " + text);
    Items<String> words = context.forEach("words", List.of(greeting.name(), "x"), WORD);
    return new Greeted(text.repeat(greeting.times()), words.failedKeys());
  }

  static JobRegistry jobs() {
    JobRegistry jobs =
        JobRegistry.of(GREET, WORD, HOLD)
            .schedule(
                CronSchedule.of(
                    "nightly", "30 2 * * *", ZoneOffset.UTC, GREET, new Greeting("night", 1)));
    return Boolean.getBoolean("doubled")
        ? jobs.with(JobRegistry.of(Job.of("word", String.class, String.class).handler((w, _) -> w)))
        : jobs;
  }

  public static void main(String[] args) {
    if (Boolean.getBoolean("indexer")) {
      Millrace.run(() -> CountingMain.indexer(Long.MAX_VALUE), JobsMain::jobs, args);
    } else {
      Millrace.work(JobsMain::jobs, args);
    }
  }
}
