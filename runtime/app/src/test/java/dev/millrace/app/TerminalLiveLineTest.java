package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class TerminalLiveLineTest {
  private final ByteArrayOutputStream screen = new ByteArrayOutputStream();
  private final TerminalLiveLine line =
      new TerminalLiveLine(new PrintStream(screen, true, StandardCharsets.UTF_8));

  @Test
  void show_overwritesAndThenErasesTheRest() {
    line.show("one…");
    line.show("one…");
    line.show("2");
    line.clear();

    assertThat(drawn()).isEqualTo("<one…^<2^<^");
  }

  @Test
  void above_printsBetweenTwoFrames() {
    PrintStream above = line.above();
    line.show("status");
    above.print("a log line\n");
    above.print("half");
    line.show("status 2");
    above.print(" a line\n");
    line.clear();
    above.print("after\n");

    assertThat(drawn())
        .isEqualTo("<status^<^a log line\n<status^<^half a line\n<status 2^<^after\n");
  }

  /** Makes the control sequences readable: {@code <} goes to the first column, {@code ^} erases. */
  private String drawn() {
    return screen.toString(StandardCharsets.UTF_8).replace("\r", "<").replace("\033[K", "^");
  }
}
