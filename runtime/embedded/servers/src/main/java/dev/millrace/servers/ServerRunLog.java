package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The log of one run of a server.
 *
 * @param start the offset in the file at which the run begins
 */
record ServerRunLog(Path file, long start) {
  private static final int LINES = 5;

  /** Far more than the last lines take: a server that has run for months has logged far more. */
  private static final int TAIL = 1 << 16;

  /** Returns the log of a run that begins now. */
  static ServerRunLog at(Path file) throws IOException {
    return new ServerRunLog(file, Files.exists(file) ? Files.size(file) : 0);
  }

  /** Returns the last lines. */
  List<String> lastLines() throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      long from = Math.max(start, channel.size() - TAIL);
      ByteBuffer tail = ByteBuffer.allocate((int) Math.max(0, channel.size() - from));
      channel.position(from);
      while (tail.hasRemaining() && channel.read(tail) >= 0) {
        // Reads until all of it is there.
      }
      List<String> lines = new String(tail.array(), 0, tail.position(), UTF_8).lines().toList();
      return lines.subList(Math.max(0, lines.size() - LINES), lines.size());
    }
  }
}
