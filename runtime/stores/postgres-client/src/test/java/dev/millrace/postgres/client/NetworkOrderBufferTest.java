package dev.millrace.postgres.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

final class NetworkOrderBufferTest {
  private static final int SIZE = 256;

  /** The buffer may be full at any position, before any kind of value. */
  @Test
  void buffer_growsUnderEveryValue() {
    List<Consumer<NetworkOrderBuffer>> all =
        List.of(
            out -> out.putByte(1),
            out -> out.putShort(1),
            out -> out.putInt(1),
            out -> out.putLong(1),
            out -> out.putLongField(1),
            out -> out.putIntField(1),
            out -> out.putText("1€"),
            out -> out.putBytes(new byte[] {1, 2}),
            out -> new BinaryNumericCodec().put(out, BigInteger.TEN.pow(40), 3));
    for (Consumer<NetworkOrderBuffer> next : all) {
      NetworkOrderBuffer alone = new NetworkOrderBuffer();
      next.accept(alone);
      for (int free = 0; free <= alone.length(); free++) {
        NetworkOrderBuffer out = new NetworkOrderBuffer(SIZE);
        int before = out.reserve(SIZE - free) + SIZE - free;
        next.accept(out);

        assertThat(Arrays.copyOfRange(out.bytes(), before, out.length()))
            .as("free=" + free)
            .isEqualTo(Arrays.copyOf(alone.bytes(), alone.length()));
      }
    }
  }
}
