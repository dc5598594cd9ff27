package dev.millrace.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What one run of a server has logged.
 *
 * @param start where it begins in the file
 */
record RunLog(Path file, long start) {
  private static final int LINES = 5;

  /** Far more than so many lines take: a server that has run for months has logged far more. */
  private static final int TAIL = 1 << 16;

  /** Of a run that begins now. */
  static RunLog at(Path file) throws IOException {
    return new RunLog(file, Files.exists(file) ? Files.size(file) : 0);
  }

  /** The end of it, a line per line. */
  List<String> lastLines() throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      long from = Math.max(start, channel.size() - TAIL);
      ByteBuffer tail = ByteBuffer.allocate((int) Math.max(0, channel.size() - from));
      channel.position(from);
      while (tail.hasRemaining() && channel.read(tail) >= 0) {
        // Until all of it is there.
      }
      List<String> lines = new String(tail.array(), 0, tail.position(), UTF_8).lines().toList();
      return lines.subList(Math.max(0, lines.size() - LINES), lines.size());
    }
  }
}
