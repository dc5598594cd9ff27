package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.runner.IndexerStatus;
import dev.millrace.runner.IndexerStatus.State;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private final ProgressLine line = new ProgressLine();

  @Test
  void render_saysHowFarHowFastAndWhatItWaitsFor() {
    line.observe(0, Samples.running(Samples.lane(99, 99, "")));
    IndexerStatus now =
        Samples.running(Samples.lane(620, 599, "the database (connection refused)"));
    line.observe(10 * SECOND, now);

    assertThat(line.render(now, 200, false))
        .isEqualTo(
            "erc20  60 %  6,000 events  500/s  8s left  block 620 (599 durable) of 999"
                + "  waiting for the database (connection refused)");
    assertThat(line.summary(now))
        .isEqualTo(
            "6,000 of 10,000 events (60 %), 500/s, 8s left, block 620 (599 durable) of 999,"
                + " waiting for the database (connection refused)");
  }

  @Test
  void render_saysWhatIsMirroredBeforeItCounts() {
    IndexerStatus ahead = Samples.running(Samples.mirrored(Samples.lane(620, 599, ""), 609));
    assertThat(line.render(ahead, 200, false))
        .contains("block 620 (609 mirrored, 599 durable) of 999");
    IndexerStatus level = Samples.running(Samples.mirrored(Samples.lane(620, 599, ""), 599));
    assertThat(line.render(level, 200, false)).contains("block 620 (599 durable) of 999");
  }

  @Test
  void render_isNeverWiderThanTheTerminal() {
    IndexerStatus now = Samples.running(Samples.lane(620, 599, "the database"));
    line.observe(0, now);

    for (int columns = 1; columns < 120; columns++) {
      assertThat(line.render(now, columns, false)).hasSizeLessThanOrEqualTo(columns);
      String coloured = line.render(now, columns, true);
      assertThat(coloured.replaceAll("\033\\[[0-9]*m", "")).hasSizeLessThanOrEqualTo(columns);
      assertThat(coloured.split("\033\\[[1-9]", -1)).hasSameSizeAs(coloured.split("\033\\[0m", -1));
    }
    assertThat(line.render(now, 22, false)).isEqualTo("erc20  60 %  6,000 ev…");
  }

  @Test
  @Tag("A21")
  @DisplayName("A21 Progress counts what is durable and rounds down")
  void render_countsWhatIsDurable() {
    IndexerStatus almost = Samples.running(Samples.lane(999, 998, ""));
    line.observe(0, almost);
    assertThat(line.render(almost, 200, false)).contains("99 %", "9,990 events", "(998 durable)");

    IndexerStatus nothing = Samples.running(Samples.lane(500, -1, ""));
    assertThat(line.render(nothing, 200, false)).contains("0 %", "0 events", "(none durable)");

    IndexerStatus all = Samples.status(State.DONE, Samples.lane(999, 999, ""));
    assertThat(line.render(all, 200, false))
        .isEqualTo("erc20  100 %  10,000 events  0/s  block 999 of 999  done");
  }

  @Test
  void render_namesTheStatesOfAProcess() {
    assertThat(line.render(Samples.status(State.STARTING), 80, false))
        .isEqualTo("erc20  0 events  0/s  starting");
    assertThat(line.render(Samples.starting("block 500 of chain 1"), 80, false))
        .isEqualTo("erc20  0 events  0/s  waiting for block 500 of chain 1");
    assertThat(line.render(Samples.status(State.DRAINING, Samples.lane(5, 4, "")), 200, false))
        .endsWith("stopping: committing what has run");
    assertThat(line.render(Samples.running(Samples.lane(999, 999, "")), 200, false))
        .endsWith("caught up");
    assertThat(line.render(Samples.running(Samples.lane(-1, -1, "")), 200, false))
        .contains("no block yet");
  }

  @Test
  void render_coloursOnlyWhenAsked() {
    IndexerStatus now = Samples.running(Samples.lane(10, 9, "x"));

    assertThat(line.render(now, 200, true)).contains("\033[1merc20\033[0m");
    assertThat(line.render(now, 200, false)).doesNotContain("\033");
  }

  @Test
  void render_namesTheSlowestOfSeveralChainsAndCountsReorgs() {
    IndexerStatus now =
        Samples.running(
            Samples.lane(620, 599, "the next block"),
            Samples.rewound(10, Samples.lane(99, 99, "http://node, which limits requests"), 2));
    line.observe(0, now);

    assertThat(line.summary(now))
        .isEqualTo(
            "7,000 of 20,000 events (35 %), 0/s, chain 10: block 99 of 999, 2 reorgs,"
                + " waiting for http://node, which limits requests");
    assertThat(ExitSummary.of(Samples.status(State.DONE, now.lanes().getLast()), false))
        .contains(" events committed")
        .endsWith(", chain 10 at block 99, 2 reorgs");
  }

  @Test
  void duration_isShort() {
    assertThat(
            List.of(0L, 400L, 59_000L, 61_000L, 3_661_000L, 90_061_000L).stream()
                .map(millis -> ProgressLine.duration(Duration.ofMillis(millis))))
        .containsExactly("0s", "1s", "59s", "1m01s", "1h01m", "1d01h");
  }

  @Test
  void conclusion_saysWhatIsDurableAndHowItEnded() {
    IndexerStatus done = Samples.status(State.DONE, Samples.lane(999, 999, ""));

    assertThat(ExitSummary.of(done, false))
        .isEqualTo("done: 10,000 events durable in 2.5 s (4,000/s), chain 1 at block 999");
    assertThat(ExitSummary.of(done, true)).startsWith("stopped: ").endsWith("; run again to go on");
  }
}
