package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.Samples.Captured;
import dev.millrace.evm.Evm;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.runner.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class CommandLineRunnerTest {
  @TempDir Path directory;

  @Test
  void help_namesTheCommandsAndExitCodes() {
    Captured captured = execute("--help");

    assertThat(captured.out()).contains("run", "3   another process has the lane", "breaks");
    assertThat(captured.err()).isEmpty();
    assertThat(code("run", "--help")).isZero();
    assertThat(code("--version")).isZero();
  }

  @Test
  void misuse_isOneMessageWithTheWayOut() {
    for (List<String> args :
        List.of(
            List.<String>of(),
            List.of("rnu"),
            List.of("run", "--confg", "x"),
            List.of("run", "-c"))) {
      Captured captured = Samples.shell(directory, Map.of());
      int code = commands(captured.shell()).execute(args.toArray(String[]::new));

      assertThat(code).as("%s", args).isEqualTo(ExitCode.MISUSE);
      assertThat(captured.err()).startsWith("millrace: ").contains("--help'.");
      assertThat(captured.err().lines().count()).isLessThanOrEqualTo(3);
    }
    assertThat(execute("runn").err()).contains("millrace run");
  }

  @Test
  void config_allMistakesAreReportedAndTheCodeIsMisuse() throws Exception {
    Path file = Files.writeString(directory.resolve("bad.yaml"), "nam: x\nchains: []\n");

    Captured captured = Samples.shell(directory, Map.of("MILLRACE_PIPELINE_DEPTH", "x"));
    int code = commands(captured.shell()).execute("run", "--config", "bad.yaml");

    assertThat(code).isEqualTo(ExitCode.MISUSE);
    assertThat(captured.err())
        .startsWith("millrace: config is wrong: problems=4 file=" + file + "\n  bad.yaml:1: ")
        .contains(
            "nam: is not a key, did you mean name?",
            "bad.yaml:2: chains: is empty",
            "MILLRACE_PIPELINE_DEPTH: pipeline.depth");
  }

  @Test
  @Tag("D28")
  void urlOfTheDatabase_withAnOptionThatCannotWorkIsMisuse() throws Exception {
    Files.writeString(
        directory.resolve("odd.yaml"),
        """
        name: x
        postgres: { url: "jdbc:postgresql://127.0.0.1:1/x?preferQueryMode=simple" }
        chains: [ { id: 1, rpc: "dev://chain", contracts: [] } ]
        """);

    Captured captured = Samples.shell(directory, Map.of());
    int code = commands(captured.shell()).execute("status", "--config", "odd.yaml");

    assertThat(code).as(captured.err()).isEqualTo(ExitCode.MISUSE);
    assertThat(captured.err())
        .startsWith("millrace: option in the url of PostgreSQL cannot be used: preferQueryMode");
  }

  @ParameterizedTest
  @EnumSource
  void error_remedyChoosesTheCode(Remedy remedy) {
    Captured captured = Samples.shell(directory, Map.of());
    int code =
        commands(
                captured.shell(),
                () -> {
                  throw new MillraceException(remedy, "rule is broken: name=value");
                })
            .execute("breaks");

    Map<Remedy, Integer> expected =
        Map.of(
            Remedy.RETRY, 4,
            Remedy.RESTART, 4,
            Remedy.REWIND, 4,
            Remedy.YIELD, 3,
            Remedy.FIX_HANDLER, 1,
            Remedy.FIX_SETUP, 2,
            Remedy.REPORT_BUG, 1);
    assertThat(code).isEqualTo(expected.get(remedy));
    assertThat(captured.err()).contains("rule is broken: name=value").doesNotContain("\tat ");
  }

  @Test
  void failureOfAHandler_isOneLineAndItsTraceIsInAFile() throws Exception {
    Captured captured = Samples.shell(directory, Map.of());
    commands(
            captured.shell(),
            () -> {
              throw new MillraceException(
                  Remedy.FIX_HANDLER,
                  "event failed: block=7",
                  new IllegalStateException("cannot divide"));
            })
        .execute("breaks", "--data-dir", "data");

    assertThat(captured.err()).contains("event failed: block=7").doesNotContain("\tat ");
    try (Stream<Path> logs = Files.list(directory.resolve("data/logs"))) {
      assertThat(logs)
          .singleElement()
          .satisfies(log -> {
            assertThat(captured.err()).contains("The handler's trace is in " + log);
            assertThat(log).content().contains("Caused by", "cannot divide");
          });
    }
  }

  @Test
  void bug_isOneLineAndItsTraceIsInAFile() throws Exception {
    Captured captured = Samples.shell(directory, Map.of());
    int code =
        commands(
                captured.shell(),
                () -> {
                  throw new IllegalStateException("surprise");
                })
            .execute("breaks", "--data-dir", "data");

    assertThat(code).isEqualTo(ExitCode.FAILED);
    assertThat(captured.err())
        .contains("a bug of Millrace: IllegalStateException: surprise")
        .doesNotContain("\tat ");
    try (Stream<Path> logs = Files.list(directory.resolve("data/logs"))) {
      assertThat(logs)
          .singleElement()
          .satisfies(log -> {
            assertThat(captured.err()).contains(log.toString());
            assertThat(log).content().contains("surprise", "at dev.millrace.app");
          });
    }
  }

  @Test
  @Tag("C10")
  @DisplayName("C10 All mistakes of a definition are told, before anything is opened")
  void definition_thatIsWrongIsReportedWithoutATrace() {
    Captured captured = Samples.shell(directory, Map.of());
    int code =
        Main.execute(
            _ -> {
              Evm.indexer("Wrong name").build();
              return ExitCode.DONE;
            },
            captured.shell());

    assertThat(code).isEqualTo(ExitCode.MISUSE);
    assertThat(captured.err())
        .startsWith("millrace: definition is wrong: ")
        .contains("the name must be", "has no entity", "has no contract")
        .doesNotContain("\tat ");
  }

  private Captured execute(String... args) {
    Captured captured = Samples.shell(directory, Map.of());
    commands(captured.shell()).execute(args);
    return captured;
  }

  private int code(String... args) {
    return commands(Samples.shell(directory, Map.of()).shell()).execute(args);
  }

  private static CommandLineRunner commands(CliEnvironment shell) {
    return commands(shell, () -> ExitCode.DONE);
  }

  private static CommandLineRunner commands(CliEnvironment shell, Callable<Integer> body) {
    return new CommandLineRunner(
        shell,
        List.of(
            new CommandExtension() {
              @Override
              public List<Object> commands(CliEnvironment same) {
                return List.of(new Breaks(body));
              }
            }));
  }

  /** A command that another module adds. */
  @Command(name = "breaks", description = "does what the test says")
  private static final class Breaks implements Callable<Integer> {
    private final Callable<Integer> body;

    @Mixin private final CommonOptions options = new CommonOptions();

    Breaks(Callable<Integer> body) {
      this.body = body;
    }

    @Override
    public Integer call() throws Exception {
      assertThat(options.hasConfig()).isFalse();
      return body.call();
    }
  }
}
