package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.Address;
import dev.millrace.testkit.BlockChanges;
import dev.millrace.testkit.IndexerTest;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples of docs/jobs.md about handlers that trigger jobs: they compile and run. */
final class LargeTransfersTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Address ALICE = Address.of("0x00000000000000000000000000000000000000a1");
  private static final Address BOB = Address.of("0x00000000000000000000000000000000000000b0");

  private final IndexerTest test = IndexerTest.of(LargeTransfers.indexer());

  @Test
  void transfer_triggersANoticeIfItIsLarge() {
    BlockChanges changes = test.emit(new Erc20.Transferred(ALICE, BOB, LargeTransfers.LARGE));

    assertThat(changes.triggered(LargeTransfers.NOTIFY))
        .containsExactly(
            new LargeTransfers.Notice(ALICE.toString(), BOB.toString(), LargeTransfers.LARGE));
    BlockChanges small =
        test.emit(new Erc20.Transferred(ALICE, BOB, LargeTransfers.LARGE.subtract(BigInteger.ONE)));
    assertThat(small.triggered(LargeTransfers.NOTIFY)).isEmpty();
  }

  @Test
  void line_isAddedOnceAndMendsWhatAKilledProcessHasLeft(@TempDir Path directory)
      throws IOException {
    Path path = directory.resolve("lines.txt");
    LineFile file = LineFile.of(path);
    assertThat(file.lines()).isEmpty();
    file.append("11 a");
    file.append("1 a");
    file.append("11 a");
    Files.writeString(path, Files.readString(path) + "12 hal");
    file.append("12 half");
    file.append("11 a");

    assertThat(Files.readString(path)).isEqualTo("11 a\n1 a\n12 half\n");
  }

  @Test
  void examples_areThoseOfThePage() throws IOException {
    String page = Files.readString(ROOT.resolve("docs/jobs.md"));
    String section =
        page.substring(page.indexOf("## Triggered by handlers"), page.indexOf("## Testing"));
    String sources =
        source("main/java/dev/millrace/scenarios/LargeTransfers.java")
            + source("test/java/dev/millrace/scenarios/LargeTransfersTest.java");
    List<String> examples =
        Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
            .matcher(section)
            .results()
            .map(found -> condensed(found.group(1)))
            .toList();

    assertThat(examples).hasSize(4);
    assertThat(examples.stream().filter(example -> !sources.contains(example))).isEmpty();
  }

  private static String source(String path) throws IOException {
    return condensed(Files.readString(ROOT.resolve("scenarios/src").resolve(path)));
  }

  /** Removes all white space, which the formatter may change. */
  private static String condensed(String code) {
    return code.replaceAll("\\s", "");
  }
}
