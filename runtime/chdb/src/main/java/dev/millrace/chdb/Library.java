package dev.millrace.chdb;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The functions of {@code libchdb} that are used here, and nothing else of it.
 *
 * <p>Its streaming functions are not among them: they give every block a header and a footer of its
 * own, which most formats do not survive, and lose the rows of {@code WITH TOTALS}. Results travel
 * through a {@link Pipe} instead.
 */
@SuppressWarnings("restricted") // This class is why the process is started with native access.
final class Library {
  private final MethodHandle connect;
  private final MethodHandle close;
  private final MethodHandle query;
  private final MethodHandle buffer;
  private final MethodHandle length;
  private final MethodHandle error;
  private final MethodHandle resultRows;
  private final MethodHandle readRows;
  private final MethodHandle readBytes;
  private final MethodHandle writtenRows;
  private final MethodHandle writtenBytes;
  private final MethodHandle destroy;

  private Library(SymbolLookup symbols) {
    Linker linker = Linker.nativeLinker();
    // Faults are the JVM's own business; those that are none leave its usual report.
    call(handle(linker, symbols, "chdb_set_signal_handlers_enabled", null, JAVA_BOOLEAN), false);
    connect = handle(linker, symbols, "chdb_connect", ADDRESS, JAVA_INT, ADDRESS);
    close = handle(linker, symbols, "chdb_close_conn", null, ADDRESS);
    query =
        handle(
            linker,
            symbols,
            "chdb_query_n",
            ADDRESS,
            ADDRESS,
            ADDRESS,
            JAVA_LONG,
            ADDRESS,
            JAVA_LONG);
    buffer = handle(linker, symbols, "chdb_result_buffer", ADDRESS, ADDRESS);
    length = handle(linker, symbols, "chdb_result_length", JAVA_LONG, ADDRESS);
    error = handle(linker, symbols, "chdb_result_error", ADDRESS, ADDRESS);
    resultRows = handle(linker, symbols, "chdb_result_rows_read", JAVA_LONG, ADDRESS);
    readRows = handle(linker, symbols, "chdb_result_storage_rows_read", JAVA_LONG, ADDRESS);
    readBytes = handle(linker, symbols, "chdb_result_storage_bytes_read", JAVA_LONG, ADDRESS);
    writtenRows = handle(linker, symbols, "chdb_result_rows_written", JAVA_LONG, ADDRESS);
    writtenBytes = handle(linker, symbols, "chdb_result_bytes_written", JAVA_LONG, ADDRESS);
    destroy = handle(linker, symbols, "chdb_destroy_query_result", null, ADDRESS);
  }

  static Library load(Path file) {
    return new Library(SymbolLookup.libraryLookup(file, Arena.global()));
  }

  /** A connection; the first one opens the data directory, and the last one to close closes it. */
  MemorySegment connect(List<String> arguments) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment words = arena.allocate(ADDRESS, arguments.size() + 1L);
      for (int i = 0; i < arguments.size(); i++) {
        words.setAtIndex(ADDRESS, i, arena.allocateFrom(arguments.get(i)));
      }
      MemorySegment connection = (MemorySegment) call(connect, arguments.size(), words);
      if (connection.address() == 0) {
        throw ChdbException.of(
            ErrorCode.UNKNOWN_EXCEPTION, "engine cannot be opened, its log says why");
      }
      return connection.reinterpret(ADDRESS.byteSize());
    }
  }

  void close(MemorySegment connection) {
    call(close, connection);
  }

  /** Runs statements, one after the other, on a connection that nobody else uses meanwhile. */
  Outcome query(MemorySegment connection, byte[] sql, String format) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(sql.length + 1L);
      MemorySegment.copy(sql, 0, text, JAVA_BYTE, 0, sql.length);
      MemorySegment result =
          (MemorySegment)
              call(
                  query,
                  connection.get(ADDRESS, 0),
                  text,
                  (long) sql.length,
                  arena.allocateFrom(format),
                  (long) format.getBytes(UTF_8).length);
      try {
        String failure = text((MemorySegment) call(error, result));
        if (!failure.isEmpty()) {
          throw ChdbException.reported(failure);
        }
        return new Outcome(
            bytes((MemorySegment) call(buffer, result), (long) call(length, result)),
            (long) call(resultRows, result),
            (long) call(readRows, result),
            (long) call(readBytes, result),
            (long) call(writtenRows, result),
            (long) call(writtenBytes, result));
      } finally {
        call(destroy, result);
      }
    }
  }

  private static ByteBuffer bytes(MemorySegment start, long count) {
    return ByteBuffer.wrap(count == 0 ? new byte[0] : start.reinterpret(count).toArray(JAVA_BYTE));
  }

  private static String text(MemorySegment start) {
    return start.address() == 0 ? "" : start.reinterpret(Long.MAX_VALUE).getString(0);
  }

  static MethodHandle handle(
      Linker linker,
      SymbolLookup symbols,
      String name,
      @Nullable MemoryLayout result,
      MemoryLayout... arguments) {
    MemorySegment function =
        symbols
            .find(name)
            .orElseThrow(
                () -> new IllegalStateException("library must have the function: name=" + name));
    return linker.downcallHandle(
        function,
        result == null
            ? FunctionDescriptor.ofVoid(arguments)
            : FunctionDescriptor.of(result, arguments));
  }

  /** Not on a hot path: a query costs a thousand times what boxing its arguments does. */
  static Object call(MethodHandle function, Object... arguments) {
    try {
      return function.invokeWithArguments(arguments);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("native functions throw nothing", e);
    }
  }
}
