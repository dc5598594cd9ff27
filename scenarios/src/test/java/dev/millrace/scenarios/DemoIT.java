package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.app.CliEnvironment;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.runner.ExitCode;
import dev.millrace.servers.EmbeddedClickHouse;
import dev.millrace.servers.EmbeddedPostgres;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The output of the demo for a newcomer, on a chain that is done at once. */
@Timeout(180)
final class DemoIT {
  @TempDir private static Path directory;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  /**
   * Stops the servers: they outlive their last user by seconds, and would write where JUnit is
   * deleting.
   */
  @AfterAll
  static void stop() {
    EmbeddedPostgres.start(directory.resolve(".millrace/postgres")).stop();
    if (EmbeddedClickHouse.missing().isEmpty()) {
      EmbeddedClickHouse.start(directory.resolve(".millrace/clickhouse")).stop();
    }
  }

  @Test
  void demo_showsWhatItPromises() {
    int code = new CommandLine(new DemoCommand(shell())).execute("--blocks", "200");

    assertThat(code).as(said(err)).isEqualTo(ExitCode.DONE);
    String output = said(out);
    assertThat(output).contains("\nTop accounts\n  0x", "tokens", "transfers");
    assertThat(output)
        .containsPattern(
            "\nPace until it had caught up\n"
                + "  [0-9,]+ events/s: [0-9,]+ events in [0-9.]+ s, durable in ")
        .containsPattern("\nReorg\n.*, the 7 blocks above block 197 were replaced by 9 others\n")
        .containsPattern("and ([0-9,]+) transfers, of which the surviving branch tells \\1;")
        .contains("all balances together: 0 (")
        .contains("\nAsk the tables\n  ./millrace sql --schema demo \"SELECT * FROM account ");
    if (EmbeddedClickHouse.missing().isPresent()) {
      System.err.println("LEFT OUT: the demo's ClickHouse: " + EmbeddedClickHouse.missing().get());
      assertThat(said(err)).contains("millrace: demo: no ClickHouse: ");
      return;
    }
    List<String> analysis =
        output
            .substring(output.indexOf("\nThe same transfers in ClickHouse"))
            .lines()
            .skip(2)
            .takeWhile(line -> !line.contains("asked and answered"))
            .toList();
    assertThat(analysis).hasSize(7).first().asString().contains("from block", "median transfer");
    assertThat(output).contains("./millrace sql --schema demo --clickhouse \"SELECT count()");
    assertThat(transfers(output, "and ([0-9,]+) transfers"))
        .isEqualTo(
            analysis.stream()
                .skip(1)
                .mapToLong(line -> Long.parseLong(line.strip().split(" +", -1)[1]))
                .sum());
  }

  private static long transfers(String output, String pattern) {
    Matcher found = Pattern.compile(pattern).matcher(output);
    assertThat(found.find()).as(output).isTrue();
    return Long.parseLong(found.group(1).replace(",", ""));
  }

  @Test
  void chain_thatFailsEndsTheDemoWithItsReason() {
    DevChain tooShort = new DevChain(DevChainSettings.DEFAULTS.withBlocks(1));

    assertThatThrownBy(() -> new DemoCommand(shell()).index(tooShort))
        .hasMessage("fork is impossible: depth=7 length=9 head=5");
  }

  private CliEnvironment shell() {
    return new CliEnvironment(print(out), print(err), Map.of(), directory, OptionalInt::empty);
  }

  private static PrintStream print(ByteArrayOutputStream target) {
    return new PrintStream(target, true, StandardCharsets.UTF_8);
  }

  private static String said(ByteArrayOutputStream by) {
    return by.toString(StandardCharsets.UTF_8);
  }
}
