package dev.millrace.devchain;

import dev.millrace.loaders.Bytes32;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Pseudorandom numbers by splitmix64. All that the dev chain draws for a place comes from a stream
 * that begins at that place, so any range of blocks can be produced again without those before it.
 */
public final class DevChainRandom {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private long state;

  /** Begins the stream of a place. */
  public void at(long seed, long kind, long number) {
    state = mix(seed + GOLDEN * kind) ^ mix(number * GOLDEN + kind);
  }

  public long next() {
    state += GOLDEN;
    return mix(state);
  }

  /** Skips a number of draws. */
  void skip(int draws) {
    state += GOLDEN * draws;
  }

  /** Draws a number below a bound, without the cost of a division. */
  public int below(int bound) {
    return (int) (((next() >>> 32) * bound) >>> 32);
  }

  public Bytes32 word() {
    byte[] bytes = new byte[Bytes32.LENGTH];
    for (int at = 0; at < Bytes32.LENGTH; at += Long.BYTES) {
      LONGS.set(bytes, at, next());
    }
    return Bytes32.of(bytes);
  }

  public static void write(byte[] target, int at, long value) {
    LONGS.set(target, at, value);
  }

  public static long read(byte[] source, int at) {
    return (long) LONGS.get(source, at);
  }

  private static long mix(long value) {
    long mixed = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return mixed ^ (mixed >>> 31);
  }
}
