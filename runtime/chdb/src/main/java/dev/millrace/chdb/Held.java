package dev.millrace.chdb;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The part of an answer that no client has seen: in memory, and beyond that in a file. */
final class Held extends OutputStream {
  static final int IN_MEMORY = 1 << 18;

  private final ByteArrayOutputStream memory = new ByteArrayOutputStream(1024);
  private @Nullable Path file;
  private @Nullable OutputStream rest;
  private long size;

  /** Whether so many more bytes stay in memory. */
  boolean hasRoomFor(int bytes) {
    return size + bytes <= IN_MEMORY;
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    if (rest == null && hasRoomFor(length)) {
      memory.write(bytes, offset, length);
    } else {
      rest().write(bytes, offset, length);
    }
    size += length;
  }

  private OutputStream rest() throws IOException {
    OutputStream open = rest;
    if (open == null) {
      Path begun = Files.createTempFile("millrace-answer", "");
      file = begun;
      open = new BufferedOutputStream(Files.newOutputStream(begun), 1 << 16);
      rest = open;
    }
    return open;
  }

  long size() {
    return size;
  }

  void writeTo(OutputStream out) throws IOException {
    memory.writeTo(out);
    OutputStream open = rest;
    Path spilled = file;
    if (open != null && spilled != null) {
      open.flush();
      Files.copy(spilled, out);
    }
  }

  /** Forgets all of it. */
  void clear() throws IOException {
    memory.reset();
    size = 0;
    OutputStream open = rest;
    Path spilled = file;
    rest = null;
    file = null;
    if (open != null && spilled != null) {
      try (open) {
        Files.deleteIfExists(spilled);
      }
    }
  }

  @Override
  public void close() throws IOException {
    clear();
  }
}
