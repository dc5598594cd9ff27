package dev.millrace.scenarios;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A file of lines to which each line is added once, however often it is appended and at any point a
 * process is killed: an effect outside of the database has to be harmless twice.
 */
final class LineFile {
  /** One lock for all: a file is locked once in a process. */
  private static final ReentrantLock LOCK = new ReentrantLock();

  private final Path path;

  private LineFile(Path path) {
    this.path = path;
  }

  static LineFile of(Path path) {
    return new LineFile(path);
  }

  /** Adds a line unless it is there; true if it was not. */
  boolean append(String line) throws IOException {
    LOCK.lock();
    try (FileChannel file =
            FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        FileLock _ = file.lock()) {
      String text = read(file);
      // A process that was killed while it wrote has left a part of its line.
      String whole = text.substring(0, text.lastIndexOf('\n') + 1);
      if (("\n" + whole).contains("\n" + line + "\n")) {
        return false;
      }
      long end = whole.getBytes(StandardCharsets.UTF_8).length;
      file.truncate(end);
      ByteBuffer rest = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
      while (rest.hasRemaining()) {
        end += file.write(rest, end);
      }
      file.force(false);
      return true;
    } finally {
      LOCK.unlock();
    }
  }

  private static String read(FileChannel file) throws IOException {
    ByteBuffer all = ByteBuffer.allocate((int) file.size());
    long at = 0;
    while (all.hasRemaining()) {
      at += file.read(all, at);
    }
    return new String(all.array(), StandardCharsets.UTF_8);
  }

  /** Returns the lines; none if there is no file. */
  List<String> lines() throws IOException {
    return Files.exists(path) ? Files.readAllLines(path) : List.of();
  }
}
