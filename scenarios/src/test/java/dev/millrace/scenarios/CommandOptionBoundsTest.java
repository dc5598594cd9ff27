package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.app.CliEnvironment;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** Numbers that make no sense are reported as a mistake of the user. */
@Timeout(60)
final class CommandOptionBoundsTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({
    "demo, --blocks, -1",
    "demo, --blocks, 0",
    "demo, --blocks, 6",
    "demo, --blocks, 9223372036854775807",
    "soak, --reorgs, -1",
    "soak, --kills, -1",
    "soak, --stops, 200",
    "soak, --stops, -1",
    "soak, --store-kills, -1",
    "soak, --blocks, -1",
    "soak, --blocks, 0",
    "devchain, --port, 65536",
    "devchain, --blocks, -1",
    "devchain, --logs, -1",
    "devchain, --pools, -1",
    "devchain, --reorgs, 1.5",
    "devchain, --reorgs, NaN",
    "devchain, --depth, 0",
    "devchain, --finality, -1",
    "devchain, --limit, 0",
    "devchain, --range, 0",
    "devchain, --results, 0",
    "devchain, --stale, -1",
    "devchain, --mishaps, -0.1"
  })
  void number_thatIsOutOfRangeIsRefusedBeforeAnythingBegins(
      String name, String option, String value) {
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    CliEnvironment shell =
        new CliEnvironment(nowhere, nowhere, Map.of(), directory, OptionalInt::empty);
    CommandLine line =
        new ScenarioExtension()
            .commands(shell).stream()
                .map(CommandLine::new)
                .filter(known -> known.getCommandName().equals(name))
                .findFirst()
                .orElseThrow();
    line.parseArgs(option + "=" + value);
    Callable<?> command = line.getCommand();

    MillraceException refused = catchThrowableOfType(MillraceException.class, () -> command.call());

    assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP);
    assertThat(refused).hasMessageContaining("option=%s value=%s ".formatted(option, value));
    assertThat(List.of(directory.toFile().list())).isEmpty();
  }
}
