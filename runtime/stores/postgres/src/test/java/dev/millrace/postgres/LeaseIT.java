package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.testkit.PinnedCarriers;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The heartbeat of a holder whose process is busy. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class LeaseIT {
  @Test
  @Tag("D38")
  @DisplayName("D38 a holder whose handlers and effects pin every carrier keeps its lane")
  void holder_keepsItsLaneWhileCarriersArePinned() {
    PostgresFixture.TestIndexer indexer =
        PostgresFixture.TestIndexer.of(TestDatabase.freshSchema(), PostgresFixture.TOKEN);
    DatabaseSettings settings = TestDatabase.settings().withLease(Duration.ofSeconds(4));
    try (PostgresStore holder = PostgresStore.open(settings, indexer, Failpoint.NONE);
        PostgresStore other =
            PostgresStore.open(
                settings.withPatience(Duration.ofSeconds(8)), indexer, Failpoint.NONE)) {
      holder.takeOver("1");
      MillraceException refused;
      try (PinnedCarriers _ = PinnedCarriers.all()) {
        refused = catchThrowableOfType(MillraceException.class, () -> other.takeOver("1"));
      }

      assertThat(refused).as("takeover of a lane whose holder is alive").isNotNull();
      assertThat(refused.remedy()).isEqualTo(Remedy.YIELD);
    }
  }
}
