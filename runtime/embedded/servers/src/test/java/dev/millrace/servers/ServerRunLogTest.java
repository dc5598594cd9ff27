package dev.millrace.servers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ServerRunLogTest {
  @TempDir private Path directory;

  @Test
  void lines_areTheLastOfTheRun() throws IOException {
    Path file = directory.resolve("log");
    assertThat(ServerRunLog.at(file)).isEqualTo(new ServerRunLog(file, 0));
    Files.writeString(file, "of an earlier run\n");
    ServerRunLog log = ServerRunLog.at(file);
    assertThat(log.lastLines()).isEmpty();

    Files.writeString(file, "one\ntwo\n", StandardOpenOption.APPEND);
    assertThat(log.lastLines()).containsExactly("one", "two");

    Files.writeString(
        file,
        "a line of a month\n".repeat(1_000_000) + "4\n5\n6\n7\nlast",
        StandardOpenOption.APPEND);
    assertThat(log.lastLines()).containsExactly("4", "5", "6", "7", "last");
  }
}
