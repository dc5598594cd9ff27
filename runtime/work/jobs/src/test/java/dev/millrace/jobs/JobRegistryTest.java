package dev.millrace.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The definitions of a program, and inputs that come from outside it. */
final class JobRegistryTest {
  enum Size {
    SMALL,
    LARGE
  }

  record Order(String customer, Size size, List<Integer> parts) {}

  private static final Job<Order, String> ORDER =
      Job.of("order", Order.class, String.class).handler((order, _) -> order.customer());
  private static final Job<Void, String> NIGHT =
      Job.of("night", Void.class, String.class).handler((_, _) -> "");

  @Test
  void registry_takesEachNameOnce() {
    CronSchedule<Order> nightly =
        CronSchedule.of(
            "nightly", "0 2 * * *", ZoneOffset.UTC, ORDER, new Order("a", Size.SMALL, List.of()));
    JobRegistry jobs = JobRegistry.of(ORDER).schedule(nightly).with(JobRegistry.of(ORDER, NIGHT));

    assertThat(jobs.jobs()).containsExactly(ORDER, NIGHT);
    assertThat(jobs.with(jobs).schedules()).containsExactly(nightly);
    assertThat(jobs.find("night")).contains(NIGHT);
    assertThat(jobs.find("day")).isEmpty();

    Job<Order, String> other = ORDER.priority(5);
    assertThatThrownBy(() -> jobs.with(JobRegistry.of(other)))
        .isInstanceOfSatisfying(
            MillraceException.class,
            refused -> assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP))
        .hasMessage("two job definitions have one name, give each its own: job=order");
    assertThatThrownBy(() -> jobs.schedule(nightly.missed(CronSchedule.MissedTicks.ALL)))
        .hasMessage("two schedules have one name, give each its own: schedule=nightly");
    assertThatThrownBy(() -> JobRegistry.of(Job.of("idle", Void.class, Void.class)))
        .hasMessage("job has no handler: job=idle");
  }

  @Test
  void input_thatDoesNotFitNamesThePathAndTheShape() {
    assertThat(JobInput.parse(ORDER, "{\"customer\":\"a\",\"size\":\"LARGE\",\"parts\":[1]}"))
        .isEqualTo(new Order("a", Size.LARGE, List.of(1)));
    assertThat(JobInput.shape(NIGHT)).isEqualTo("null");
    assertThatThrownBy(() -> JobInput.parse(ORDER, "{\"customer\":\"a\",\"parts\":[\"x\"]}"))
        .isInstanceOfSatisfying(
            MillraceException.class,
            refused -> assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP))
        .hasMessageContaining("input of job order does not fit: path=$.parts[0] ")
        .hasMessageEndingWith(
            "expected {\"customer\": String, \"size\": \"SMALL\"|\"LARGE\", \"parts\": List}");
    assertThatThrownBy(() -> JobInput.parse(ORDER, "{"))
        .hasMessageContaining("input of job order does not fit: path=$");
  }
}
