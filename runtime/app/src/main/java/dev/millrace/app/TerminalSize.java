package dev.millrace.app;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.OptionalInt;

/**
 * How wide the terminal is. One call of the C library, which a terminal library would make as well.
 */
final class TerminalSize {
  private static final int STANDARD_ERROR = 2;

  private TerminalSize() {}

  /** The columns of the terminal that standard error is, or empty when it is none. */
  @SuppressWarnings("restricted") // one function whose signature is fixed for good
  static OptionalInt columns() {
    boolean mac = System.getProperty("os.name", "").startsWith("Mac");
    if (!mac && !System.getProperty("os.name", "").startsWith("Linux")) {
      return OptionalInt.empty();
    }
    // TIOCGWINSZ: the numbers are part of each system's binary interface.
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
