package dev.millrace.clickhouse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.clickhouse.client.RowBinaryBuffer;
import dev.millrace.clickhouse.client.RowBinaryInput;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Rows in ClickHouse's RowBinary format, byte by byte. */
final class RowBinaryEncoderTest {
  @Entity
  record Small(
      @Id int id,
      @Nullable String text,
      BigInteger integer,
      @Nullable List<Boolean> flags,
      double real) {}

  private static final EntityType<Small> SMALL = EntityType.of(Small.class);
  private static final RowBinaryEncoder<Small> ENCODER = new RowBinaryEncoder<>(SMALL);

  private static String hex(RowBinaryBuffer out) {
    return HexFormat.of().formatHex(Arrays.copyOf(out.bytes(), out.length()));
  }

  @Test
  void savedRows_carryTheirValues() {
    RowBinaryBuffer out = new RowBinaryBuffer();
    ENCODER.writeSaved(
        1, new Small(7, "é", BigInteger.valueOf(-2), List.of(true, false), 1.0), out);
    RowBinaryEncoder.writePlace(3, 258, RowBinaryEncoder.SAVED, out);

    assertThat(hex(out))
        .isEqualTo(
            "0100000000000000"
                + "07000000"
                + "00"
                + "02c3a9"
                + "fe"
                + "ff".repeat(31)
                + "00"
                + "020100"
                + "000000000000f03f"
                + "0300000000000000"
                + "0201000000000000"
                + "01");
  }

  @Test
  void deletedRows_carryTheirIdAndNothing() {
    RowBinaryBuffer out = new RowBinaryBuffer();
    ENCODER.writeDeleted(1, 7, out);
    RowBinaryEncoder.writePlace(3, 258, RowBinaryEncoder.DELETED, out);

    assertThat(hex(out))
        .isEqualTo(
            "0100000000000000"
                + "07000000"
                + "01"
                + "00".repeat(32)
                + "01"
                + "00"
                + "00".repeat(8)
                + "0300000000000000"
                + "0201000000000000"
                + "02");
  }

  @Test
  void wideIntegers_areWhole() throws IOException {
    List<BigInteger> all =
        List.of(
            BigInteger.ZERO,
            BigInteger.ONE.negate(),
            BigInteger.valueOf(Long.MAX_VALUE),
            BigInteger.valueOf(Long.MIN_VALUE),
            BigInteger.TWO.pow(63),
            BigInteger.TWO.pow(255).subtract(BigInteger.ONE),
            ColumnType.MIN_INTEGER);
    for (BigInteger each : all) {
      RowBinaryBuffer out = new RowBinaryBuffer();
      out.putWide(each);
      assertThat(input(out).readWide(false)).isEqualTo(each);
    }
    RowBinaryBuffer out = new RowBinaryBuffer();
    out.putWide(ColumnType.MAX_INTEGER);
    assertThat(hex(out)).isEqualTo("ff".repeat(32));
    assertThat(input(out).readWide(true)).isEqualTo(ColumnType.MAX_INTEGER);
  }

  private static RowBinaryInput input(RowBinaryBuffer out) {
    return new RowBinaryInput(new ByteArrayInputStream(out.bytes(), 0, out.length()));
  }

  @Test
  void longTexts_carryTheirLengthInBytes() throws IOException {
    String text = "x".repeat(127) + "€".repeat(100);
    RowBinaryBuffer out = new RowBinaryBuffer();
    out.putText("");
    out.putText("x".repeat(300));
    out.putText(text);
    RowBinaryInput in = input(out);

    assertThat(List.of(in.readText(), in.readText(), in.readText()))
        .isEqualTo(List.of("", "x".repeat(300), text));
    assertThat(in.hasNext()).isFalse();
  }

  /** At any fill level of the buffer, and for any next value. */
  @Test
  void buffers_growUnderEveryValue() throws IOException {
    List<Consumer<RowBinaryBuffer>> all =
        List.of(
            out -> out.putByte(1),
            out -> out.putInt(1),
            out -> out.putLong(1),
            out -> out.putWide(BigInteger.ONE),
            out -> out.putText("1"),
            out -> out.putText("€"),
            out -> out.putBytes(Bytes.of(new byte[] {1})),
            out -> out.putAddress(Address.ZERO),
            out -> out.putWord(Bytes32.ZERO));
    for (Consumer<RowBinaryBuffer> next : all) {
      RowBinaryBuffer alone = new RowBinaryBuffer();
      next.accept(alone);
      for (int free = 0; free < alone.length(); free++) {
        RowBinaryBuffer out = new RowBinaryBuffer();
        int before = out.bytes().length - free;
        out.putAll(new byte[before]);
        next.accept(out);

        assertThat(Arrays.copyOfRange(out.bytes(), before, out.length()))
            .isEqualTo(Arrays.copyOf(alone.bytes(), alone.length()));
      }
    }
  }
}
