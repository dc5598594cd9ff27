package dev.millrace.chdb;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A pipe within this process, whose ends the engine opens by name, as files: a body of any size
 * passes through it and neither side holds more than a buffer of it.
 *
 * <p>An end that the engine is to open stays open here until its query has ended. Closed before,
 * the other side would see the end of the stream too early.
 */
final class Pipe implements AutoCloseable {
  private static final MethodHandle PIPE;
  private static final MethodHandle CLOSE;

  static {
    Linker linker = Linker.nativeLinker();
    SymbolLookup libc = linker.defaultLookup();
    PIPE = Library.handle(linker, libc, "pipe", JAVA_INT, ADDRESS);
    CLOSE = Library.handle(linker, libc, "close", JAVA_INT, JAVA_INT);
  }

  private final End source;
  private final End sink;

  private Pipe(End source, End sink) {
    this.source = source;
    this.sink = sink;
  }

  static Pipe open() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ends = arena.allocate(JAVA_INT, 2);
      if ((int) Library.call(PIPE, ends) != 0) {
        throw new IOException("pipe cannot be opened, are there too many open files");
      }
      return new Pipe(new End(ends.getAtIndex(JAVA_INT, 0)), new End(ends.getAtIndex(JAVA_INT, 1)));
    }
  }

  /** The name under which the engine reads what we write. */
  String sourceName() {
    return source.name();
  }

  /** The name under which the engine writes what we read. */
  String sinkName() {
    return sink.name();
  }

  /** For the side that is ours; call once. */
  InputStream input() throws IOException {
    InputStream stream = new FileInputStream(source.name());
    source.close();
    return stream;
  }

  /** For the side that is ours; call once. */
  OutputStream output() throws IOException {
    OutputStream stream = new FileOutputStream(sink.name());
    sink.close();
    return stream;
  }

  /** What the engine has opened stays open for it. */
  @Override
  public void close() {
    source.close();
    sink.close();
  }

  private record End(int descriptor, AtomicBoolean closed) {
    End(int descriptor) {
      this(descriptor, new AtomicBoolean());
    }

    String name() {
      return "/dev/fd/" + descriptor;
    }

    void close() {
      if (closed.compareAndSet(false, true)) {
        Library.call(CLOSE, descriptor);
      }
    }
  }
}
