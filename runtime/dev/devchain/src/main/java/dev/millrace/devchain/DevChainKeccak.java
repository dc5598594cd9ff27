package dev.millrace.devchain;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Keccak-256 as Ethereum uses it: the padding of the original submission, not that of SHA-3.
 * Confined to one thread.
 */
public final class DevChainKeccak {
  private static final VarHandle LANES =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final int RATE = 136;
  private static final int ROUNDS = 24;
  private static final long[] CONSTANTS = constants();

  private final long[] state = new long[25];
  private final long[] moved = new long[25];
  private final long[] column = new long[5];
  private final byte[] block = new byte[RATE];

  static byte[] hash(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    byte[] hash = new byte[32];
    new DevChainKeccak().hash(bytes, 0, bytes.length, hash);
    return hash;
  }

  public void hash(byte[] source, int from, int length, byte[] target) {
    Arrays.fill(state, 0);
    int at = from;
    int left = length;
    for (; left >= RATE; left -= RATE, at += RATE) {
      absorb(source, at);
    }
    Arrays.fill(block, (byte) 0);
    System.arraycopy(source, at, block, 0, left);
    block[left] ^= 1;
    block[RATE - 1] ^= (byte) 0x80;
    absorb(block, 0);
    for (int lane = 0; lane < 4; lane++) {
      LANES.set(target, lane * Long.BYTES, state[lane]);
    }
  }

  private void absorb(byte[] source, int at) {
    for (int lane = 0; lane < RATE / Long.BYTES; lane++) {
      state[lane] ^= (long) LANES.get(source, at + lane * Long.BYTES);
    }
    for (int round = 0; round < ROUNDS; round++) {
      mixColumns();
      rotateAndMove();
      mixRows();
      state[0] ^= CONSTANTS[round];
    }
  }

  private void mixColumns() {
    for (int x = 0; x < 5; x++) {
      column[x] = state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20];
    }
    for (int x = 0; x < 5; x++) {
      long mixed = column[(x + 4) % 5] ^ Long.rotateLeft(column[(x + 1) % 5], 1);
      for (int lane = x; lane < 25; lane += 5) {
        state[lane] ^= mixed;
      }
    }
  }

  /** Moves each lane to another place, rotated by a triangular number. */
  private void rotateAndMove() {
    moved[0] = state[0];
    int x = 1;
    int y = 0;
    for (int step = 0; step < ROUNDS; step++) {
      int next = (2 * x + 3 * y) % 5;
      moved[y + 5 * next] = Long.rotateLeft(state[x + 5 * y], (step + 1) * (step + 2) / 2);
      x = y;
      y = next;
    }
  }

  private void mixRows() {
    for (int row = 0; row < 25; row += 5) {
      for (int x = 0; x < 5; x++) {
        state[row + x] = moved[row + x] ^ (~moved[row + (x + 1) % 5] & moved[row + (x + 2) % 5]);
      }
    }
  }

  /** Computes the round constants, whose bits come out of an 8-bit shift register. */
  private static long[] constants() {
    long[] constants = new long[ROUNDS];
    int register = 1;
    for (int round = 0; round < ROUNDS; round++) {
      for (int bit = 0; bit < 7; bit++) {
        if ((register & 1) != 0) {
          constants[round] |= 1L << ((1 << bit) - 1);
        }
        register = (register & 0x80) == 0 ? register << 1 : (register << 1) ^ 0x171;
      }
    }
    return constants;
  }
}
