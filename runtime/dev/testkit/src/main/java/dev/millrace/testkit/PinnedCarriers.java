package dev.millrace.testkit;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;

/**
 * Virtual threads that keep their carriers, as those in a native call or in an endless loop do. A
 * thread with a native frame on its stack cannot unmount, so each waits in a callback of C's {@code
 * qsort}.
 */
public final class PinnedCarriers implements AutoCloseable {
  private static final MethodHandle SORT = sort();
  private static final FunctionDescriptor COMPARE =
      FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS);

  private final CountDownLatch released = new CountDownLatch(1);
  private final Semaphore pinned = new Semaphore(0);

  /** Pins every carrier of this JVM until {@link #close}: no other virtual thread goes on. */
  public static PinnedCarriers all() {
    PinnedCarriers carriers = new PinnedCarriers();
    carriers.begin();
    carriers.awaitAll();
    return carriers;
  }

  /** Starts to pin every carrier, as a handler or an effect does that begins as many calls. */
  public void begin() {
    for (int i = 0; i < count(); i++) {
      Thread.ofVirtual().start(this::hold);
    }
  }

  /** Waits until as many threads are pinned as there are carriers. */
  public void awaitAll() {
    await(count());
  }

  /** Waits until so many more threads are held. */
  public void await(int threads) {
    pinned.acquireUninterruptibly(threads);
  }

  private static int count() {
    return Integer.getInteger(
        "jdk.virtualThreadScheduler.parallelism", Runtime.getRuntime().availableProcessors());
  }

  /** Holds the current thread, virtual or not, until {@link #close}. No interrupt ends it. */
  public void hold() {
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle wait =
          MethodHandles.lookup()
              .findVirtual(
                  PinnedCarriers.class,
                  "compare",
                  MethodType.methodType(int.class, MemorySegment.class, MemorySegment.class))
              .bindTo(this);
      SORT.invokeExact(
          arena.allocate(ValueLayout.JAVA_INT, 2),
          2L,
          ValueLayout.JAVA_INT.byteSize(),
          callback(wait, arena));
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  @SuppressWarnings({"UnusedMethod", "UnusedVariable"}) // called by native code
  private int compare(MemorySegment left, MemorySegment right) {
    pinned.release();
    boolean interrupted = false;
    while (released.getCount() > 0) {
      try {
        released.await();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return 0;
  }

  @SuppressWarnings("restricted") // a function of the C library
  private static MethodHandle sort() {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow("qsort"),
        FunctionDescriptor.ofVoid(
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.ADDRESS));
  }

  @SuppressWarnings("restricted") // as above
  private static MemorySegment callback(MethodHandle target, Arena arena) {
    return Linker.nativeLinker().upcallStub(target, COMPARE, arena);
  }

  /** Lets all pinned threads go on. */
  @Override
  public void close() {
    released.countDown();
  }
}
