package dev.millrace.app;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.OptionalInt;

/**
 * The width of the terminal. One call of the C library, which a terminal library would make as
 * well.
 */
final class TerminalSize {
  private static final int STANDARD_ERROR = 2;

  private TerminalSize() {}

  /** Returns the columns of the terminal on standard error, or empty if it is no terminal. */
  @SuppressWarnings("restricted") // one function with a signature that never changes
  static OptionalInt columns() {
    boolean mac = System.getProperty("os.name", "").startsWith("Mac");
    if (!mac && !System.getProperty("os.name", "").startsWith("Linux")) {
      return OptionalInt.empty();
    }
    // TIOCGWINSZ: the numbers are part of each system's ABI.
    long request = mac ? 0x40087468L : 0x5413L;
    Linker linker = Linker.nativeLinker();
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle ioctl =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("ioctl"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.ADDRESS),
              Linker.Option.firstVariadicArg(2));
      MemorySegment rowsAndColumns = arena.allocate(ValueLayout.JAVA_SHORT, 4);
      int failed = (int) ioctl.invokeExact(STANDARD_ERROR, request, rowsAndColumns);
      int columns = Short.toUnsignedInt(rowsAndColumns.getAtIndex(ValueLayout.JAVA_SHORT, 1));
      return failed != 0 || columns == 0 ? OptionalInt.empty() : OptionalInt.of(columns);
    } catch (Throwable _) {
      // Nothing depends on the width: without it, progress is printed as plain lines.
      return OptionalInt.empty();
    }
  }
}
