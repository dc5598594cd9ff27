package dev.millrace.chdb;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The functions of {@code libchdb} and of the system's C library that are used here. */
@SuppressWarnings("restricted") // This class is why the process is started with native access.
final class Library {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final int OWNER_ONLY = 0600;

  private final MethodHandle commandLine;
  private final MethodHandle error;

  private Library(SymbolLookup symbols) {
    // The JVM handles the signals of faults, and uses some itself; real faults leave its usual
    // report.
    call(handle(symbols, "chdb_set_signal_handlers_enabled", null, JAVA_BOOLEAN), false);
    commandLine = handle(symbols, "chdb_query_cmdline", ADDRESS, JAVA_INT, ADDRESS);
    error = handle(symbols, "chdb_result_error", ADDRESS, ADDRESS);
  }

  static Library load(Path file) {
    return new Library(SymbolLookup.libraryLookup(file, Arena.global()));
  }

  /**
   * Runs {@code clickhouse local} with these arguments and returns its error: empty if it ended
   * well.
   */
  String run(List<String> words) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment arguments = arena.allocate(ADDRESS, words.size() + 1L);
      for (int i = 0; i < words.size(); i++) {
        arguments.setAtIndex(ADDRESS, i, arena.allocateFrom(words.get(i)));
      }
      MemorySegment result = (MemorySegment) call(commandLine, words.size(), arguments);
      MemorySegment text = (MemorySegment) call(error, result);
      return text.address() == 0 ? "" : text.reinterpret(Long.MAX_VALUE).getString(0);
    }
  }

  static void makeFifo(Path file) {
    MethodHandle function = handle(LINKER.defaultLookup(), "mkfifo", JAVA_INT, ADDRESS, JAVA_INT);
    try (Arena arena = Arena.ofConfined()) {
      int code = (int) call(function, arena.allocateFrom(file.toString()), OWNER_ONLY);
      if (code != 0) {
        throw new IllegalStateException("FIFO cannot be made: file=" + file);
      }
    }
  }

  /**
   * Ends the process at once. {@code Runtime.halt} calls {@code exit}, which runs the destructors
   * of the library under its living threads: that ends in SIGSEGV.
   */
  static void exit(int code) {
    call(handle(LINKER.defaultLookup(), "_exit", null, JAVA_INT), code);
  }

  private static MethodHandle handle(
      SymbolLookup symbols, String name, @Nullable MemoryLayout result, MemoryLayout... arguments) {
    MemorySegment function =
        symbols
            .find(name)
            .orElseThrow(
                () -> new IllegalStateException("library must have the function: name=" + name));
    return LINKER.downcallHandle(
        function,
        result == null
            ? FunctionDescriptor.ofVoid(arguments)
            : FunctionDescriptor.of(result, arguments));
  }

  private static Object call(MethodHandle function, Object... arguments) {
    try {
      return function.invokeWithArguments(arguments);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("native functions throw nothing", e);
    }
  }
}
