package dev.millrace.chdb;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * CityHash128 in its version 1.0.2, the checksum of ClickHouse's compressed blocks; later versions
 * give other numbers.
 */
final class CityHash {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long K0 = 0xc3a5c85c97cb3127L;
  private static final long K1 = 0xb492b66fbe98f273L;
  private static final long K2 = 0x9ae16a3b2f90404fL;
  private static final long K3 = 0xc949d7c7509e6557L;
  private static final long MIX = 0x9ddfea08eb382d69L;

  record Hash(long low, long high) {}

  private CityHash() {}

  static Hash hash(byte[] bytes, int offset, int length) {
    if (length >= 16) {
      return seeded(
          bytes, offset + 16, length - 16, fetch(bytes, offset) ^ K3, fetch(bytes, offset + 8));
    }
    if (length >= 8) {
      return seeded(
          bytes,
          offset,
          0,
          fetch(bytes, offset) ^ length * K0,
          fetch(bytes, offset + length - 8) ^ K1);
    }
    return seeded(bytes, offset, length, K0, K1);
  }

  private static Hash seeded(byte[] bytes, int start, int length, long low, long high) {
    return length < 128
        ? brief(bytes, start, length, low, high)
        : lengthy(bytes, start, length, low, high);
  }

  private static Hash brief(byte[] bytes, int start, int length, long low, long high) {
    long a = low;
    long b = high;
    long c;
    long d;
    if (length <= 16) {
      a = shift(a * K1) * K1;
      c = b * K1 + upTo16(bytes, start, length);
      d = shift(a + (length >= 8 ? fetch(bytes, start) : c));
    } else {
      int end = start + length;
      c = mix(fetch(bytes, end - 8) + K1, a);
      d = mix(b + length, c + fetch(bytes, end - 16));
      a += d;
      int at = start;
      for (int left = length - 16; left > 0; left -= 16) {
        a = (a ^ shift(fetch(bytes, at) * K1) * K1) * K1;
        b ^= a;
        c = (c ^ shift(fetch(bytes, at + 8) * K1) * K1) * K1;
        d ^= c;
        at += 16;
      }
    }
    a = mix(a, c);
    b = mix(d, b);
    return new Hash(a ^ b, mix(b, a));
  }

  private static Hash lengthy(byte[] bytes, int start, int length, long low, long high) {
    int at = start;
    int left = length;
    long x = low;
    long y = high;
    long z = length * K1;
    long v1 = Long.rotateRight(y ^ K1, 49) * K1 + fetch(bytes, at);
    long v2 = Long.rotateRight(v1, 42) * K1 + fetch(bytes, at + 8);
    long w1 = Long.rotateRight(y + z, 35) * K1 + x;
    long w2 = Long.rotateRight(x + fetch(bytes, at + 88), 53) * K1;
    while (left >= 128) {
      for (int half = 0; half < 2; half++) {
        x = Long.rotateRight(x + y + v1 + fetch(bytes, at + 16), 37) * K1;
        y = Long.rotateRight(y + v2 + fetch(bytes, at + 48), 42) * K1;
        x ^= w2;
        y ^= v1;
        z = Long.rotateRight(z ^ w1, 33);
        Hash v = weak(bytes, at, v2 * K1, x + w1);
        Hash w = weak(bytes, at + 32, z + w2, y);
        v1 = v.low();
        v2 = v.high();
        w1 = w.low();
        w2 = w.high();
        long swapped = z;
        z = x;
        x = swapped;
        at += 64;
      }
      left -= 128;
    }
    y += Long.rotateRight(w1, 37) * K0 + z;
    x += Long.rotateRight(v1 + z, 49) * K0;
    for (int tail = 0; tail < left; ) {
      tail += 32;
      int place = at + left - tail;
      y = Long.rotateRight(y - x, 42) * K0 + v2;
      w1 += fetch(bytes, place + 16);
      x = Long.rotateRight(x, 49) * K0 + w1;
      w1 += v1;
      Hash v = weak(bytes, place, v1, v2);
      v1 = v.low();
      v2 = v.high();
    }
    x = mix(x, v1);
    y = mix(y, w1);
    return new Hash(mix(x + v2, w2) + y, mix(x + w2, y + v2));
  }

  private static long upTo16(byte[] bytes, int start, int length) {
    if (length > 8) {
      long a = fetch(bytes, start);
      long b = fetch(bytes, start + length - 8);
      return mix(a, Long.rotateRight(b + length, length)) ^ b;
    }
    if (length >= 4) {
      long a = fetchInt(bytes, start);
      return mix(length + (a << 3), fetchInt(bytes, start + length - 4));
    }
    if (length > 0) {
      int a = bytes[start] & 0xff;
      int b = bytes[start + (length >> 1)] & 0xff;
      int c = bytes[start + length - 1] & 0xff;
      return shift((a + (b << 8)) * K2 ^ (length + (c << 2)) * K3) * K2;
    }
    return K2;
  }

  private static Hash weak(byte[] bytes, int at, long seedA, long seedB) {
    long w = fetch(bytes, at);
    long z = fetch(bytes, at + 24);
    long a = seedA + w;
    long b = Long.rotateRight(seedB + a + z, 21);
    long sum = a + fetch(bytes, at + 8) + fetch(bytes, at + 16);
    b += Long.rotateRight(sum, 44);
    return new Hash(sum + z, b + a);
  }

  private static long mix(long low, long high) {
    long a = shift((low ^ high) * MIX);
    return shift((high ^ a) * MIX) * MIX;
  }

  private static long shift(long value) {
    return value ^ value >>> 47;
  }

  private static long fetch(byte[] bytes, int at) {
    return (long) LONG.get(bytes, at);
  }

  private static long fetchInt(byte[] bytes, int at) {
    return Integer.toUnsignedLong((int) INT.get(bytes, at));
  }
}
