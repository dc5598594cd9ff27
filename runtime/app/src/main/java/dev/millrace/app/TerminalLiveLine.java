package dev.millrace.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.OutputStream;
import java.io.PrintStream;

/**
 * The last line of a terminal, redrawn in place while other output scrolls above it.
 *
 * <p>A frame is one write that overwrites the old line and then erases the rest of it, so that the
 * line never blinks.
 */
final class TerminalLiveLine {
  private static final String ERASE_REST = "\033[K";

  private final PrintStream terminal;
  private String shown = ""; // @GuardedBy this
  private boolean lineBegun; // @GuardedBy this; other output ended in the middle of a line

  TerminalLiveLine(PrintStream terminal) {
    this.terminal = terminal;
  }

  synchronized void show(String line) {
    if (line.equals(shown)) {
      return;
    }
    shown = line;
    draw();
  }

  /** Erases the line and leaves the cursor where it began. */
  synchronized void clear() {
    if (!shown.isEmpty() && !lineBegun) {
      put("\r" + ERASE_REST);
    }
    shown = "";
  }

  /** Returns a stream for all other output, in place of the terminal. */
  PrintStream above() {
    return new PrintStream(new Above(), true, UTF_8);
  }

  private synchronized void draw() {
    if (!lineBegun && !shown.isEmpty()) {
      put("\r" + shown + ERASE_REST);
    }
  }

  private synchronized void pass(byte[] bytes, int offset, int length) {
    if (!shown.isEmpty() && !lineBegun) {
      put("\r" + ERASE_REST);
    }
    terminal.write(bytes, offset, length);
    lineBegun = bytes[offset + length - 1] != '\n';
    draw();
    terminal.flush();
  }

  private void put(String text) {
    byte[] frame = text.getBytes(UTF_8);
    terminal.write(frame, 0, frame.length);
    terminal.flush();
  }

  private final class Above extends OutputStream {
    @Override
    public void write(int oneByte) {
      write(new byte[] {(byte) oneByte}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      if (length > 0) {
        pass(bytes, offset, length);
      }
    }
  }
}
