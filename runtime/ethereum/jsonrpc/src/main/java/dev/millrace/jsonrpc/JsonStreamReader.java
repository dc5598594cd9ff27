package dev.millrace.jsonrpc;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads JSON from a stream by asking for the value expected next, from one buffer that is refilled.
 * Skips values that are not asked for without parsing them.
 *
 * <p>Objects are read as {@code begin}, then {@code nextMember} until it is false; the name of the
 * member is compared through {@link JsonMemberName}, never made into text. Every other method reads
 * or skips exactly one value. Confined to one thread.
 */
public final class JsonStreamReader extends StreamByteWindow {
  private int nameLength;
  private long nameFirst;
  private long nameSecond;

  public JsonStreamReader() {
    super(FREE);
  }

  private JsonStreamReader(int room) {
    super(room);
  }

  /**
   * Begins to read another stream.
   *
   * @param max the number of bytes above which the reply counts as too large
   */
  public JsonStreamReader open(InputStream stream, long max) {
    return open(stream, max, ByteMeter.NONE);
  }

  JsonStreamReader open(InputStream stream, long max, ByteMeter meter) {
    begin(stream, max, meter);
    return this;
  }

  /** Consumes the bracket that a value must begin with. */
  public void begin(char bracket) throws IOException {
    if (peek() != bracket) {
      throw nonsense("expected " + bracket);
    }
    at++;
  }

  /** Moves to the next member of an object and reads its name; false at the end of the object. */
  public boolean nextMember() throws IOException {
    int next = peek();
    if (next == ',') {
      at++;
      next = peek();
    } else if (next == '}') {
      at++;
      return false;
    }
    if (next != '"') {
      throw nonsense("expected a name");
    }
    takeName();
    if (peek() != ':') {
      throw nonsense("expected a colon");
    }
    at++;
    return true;
  }

  /** Moves to the next element of an array; false at its end. */
  public boolean nextElement() throws IOException {
    int next = peek();
    if (next == ']') {
      at++;
      return false;
    }
    if (next == ',') {
      at++;
    }
    return true;
  }

  /** True if the current member has this name. */
  public boolean is(JsonMemberName name) {
    return nameFirst == name.first && nameSecond == name.second && nameLength == name.length;
  }

  private void takeName() throws IOException {
    available(1 + JsonMemberName.MAX_LENGTH + 1);
    long first = (long) LONGS.get(buffer, at + 1);
    long quote = zeroBytes(first ^ QUOTES);
    if (quote != 0) {
      int length = Long.numberOfTrailingZeros(quote) >>> 3;
      nameFirst = first & ((1L << (length << 3)) - 1);
      nameSecond = 0;
      finishName(length);
      return;
    }
    long second = (long) LONGS.get(buffer, at + 9);
    quote = zeroBytes(second ^ QUOTES);
    if (quote != 0) {
      int length = Long.numberOfTrailingZeros(quote) >>> 3;
      nameFirst = first;
      nameSecond = second & ((1L << (length << 3)) - 1);
      finishName(8 + length);
      return;
    }
    setName(text(Integer.MAX_VALUE));
  }

  /** Reads a name with an escape, or one that the buffer does not hold whole, the slow way. */
  private void finishName(int length) throws IOException {
    if (zeroBytes(nameFirst ^ BACKSLASHES) != 0
        || zeroBytes(nameSecond ^ BACKSLASHES) != 0
        || at + length + 2 > end) {
      setName(text(Integer.MAX_VALUE));
      return;
    }
    nameLength = length;
    at += length + 2;
  }

  private void setName(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    nameLength = bytes.length;
    byte[] padded = Arrays.copyOf(bytes, JsonMemberName.MAX_LENGTH);
    nameFirst = (long) LONGS.get(padded, 0);
    nameSecond = (long) LONGS.get(padded, 8);
  }

  /** Consumes {@code null} if it comes next. */
  public boolean takeNull() throws IOException {
    if (peek() != 'n') {
      return false;
    }
    skipWord();
    return true;
  }

  /** Consumes hex of no bytes if it comes next. */
  public boolean takeEmptyHex() throws IOException {
    if (peek() != '"'
        || !available(4)
        || buffer[at + 1] != '0'
        || buffer[at + 2] != 'x'
        || buffer[at + 3] != '"') {
      return false;
    }
    at += 4;
    return true;
  }

  /** Reads a boolean. */
  public boolean bool() throws IOException {
    boolean value = peek() == 't';
    skipWord();
    return value;
  }

  /** Reads a number in hex, as nodes write them, or in decimal. */
  public long quantity() throws IOException {
    if (peek() != '"') {
      return decimal();
    }
    available(20);
    int i = at + 1;
    if (end - at < 5 || buffer[i] != '0' || (buffer[i + 1] | 0x20) != 'x') {
      return slowQuantity(text(80));
    }
    i += 2;
    int first = i;
    long value = 0;
    for (int digit; i < end && (digit = HexDigitDecoder.value(buffer[i])) >= 0; i++) {
      value = (value << 4) | digit;
    }
    if (i >= end || buffer[i] != '"' || i == first || i - first > 15) {
      return slowQuantity(text(80));
    }
    at = i + 1;
    return value;
  }

  private static long slowQuantity(String text) throws RpcCallException {
    try {
      return text.startsWith("0x")
          ? Long.parseLong(text, 2, text.length(), 16)
          : Long.parseLong(text);
    } catch (NumberFormatException _) {
      throw RpcCallException.of(RpcCallException.Kind.NONSENSE, "not a number: text=" + text);
    }
  }

  private long decimal() throws IOException {
    boolean negative = peek() == '-';
    if (negative) {
      at++;
    }
    long value = 0;
    int digits = 0;
    while ((at < end || fill()) && buffer[at] >= '0' && buffer[at] <= '9') {
      value = value * 10 + (buffer[at++] - '0');
      if (++digits > 18) {
        throw nonsense("number is too large");
      }
    }
    if (digits == 0) {
      throw nonsense("expected a number");
    }
    skipRest(); // a fraction, or nothing
    return negative ? -value : value;
  }

  /** Reads hex of exactly this many bytes, which must be a multiple of four. */
  public void hex(byte[] target, int offset, int bytes) throws IOException {
    if (peek() != '"') {
      throw nonsense("expected hex");
    }
    int length = 2 * bytes + 4;
    if (available(length)
        && buffer[at + 1] == '0'
        && buffer[at + 2] == 'x'
        && buffer[at + length - 1] == '"'
        && HexDigitDecoder.decode(buffer, at + 3, target, offset, bytes >> 2)) {
      at += length;
      return;
    }
    GrowableBytes run = new GrowableBytes(bytes);
    hex(run);
    if (run.length != bytes) {
      throw RpcCallException.of(
          RpcCallException.Kind.NONSENSE,
          "hex has the wrong length: expected=%d bytes=%d".formatted(bytes, run.length));
    }
    System.arraycopy(run.bytes, 0, target, offset, bytes);
  }

  /** Reads hex of any length. */
  public void hex(GrowableBytes target) throws IOException {
    if (peek() != '"') {
      throw nonsense("expected hex");
    }
    available(3);
    if (end - at < 3 || buffer[at + 1] != '0' || (buffer[at + 2] | 0x20) != 'x') {
      slowHex(target);
      return;
    }
    at += 3;
    while (true) {
      int fours = (end - at) >> 3;
      target.ensure(fours << 2);
      int taken = HexDigitDecoder.decodeWhile(buffer, at, target.bytes, target.length, fours);
      at += taken << 3;
      target.length += taken << 2;
      if (taken < fours || end - at >= 8 || !fill()) {
        break;
      }
    }
    lastDigits(target);
  }

  private void lastDigits(GrowableBytes target) throws IOException {
    while (available(1) && buffer[at] != '"') {
      if (!available(2)) {
        break;
      }
      int high = HexDigitDecoder.value(buffer[at]);
      int low = HexDigitDecoder.value(buffer[at + 1]);
      if ((high | low) < 0) {
        throw nonsense("expected hex digits in pairs");
      }
      target.ensure(1);
      target.bytes[target.length++] = (byte) ((high << 4) | low);
      at += 2;
    }
    if (!available(1)) {
      throw RpcCallException.of(RpcCallException.Kind.TORN, "reply ends within hex");
    }
    at++;
  }

  private void slowHex(GrowableBytes target) throws IOException {
    byte[] text = text(Integer.MAX_VALUE).getBytes(StandardCharsets.UTF_8);
    if (text.length < 2 || text[0] != '0' || (text[1] | 0x20) != 'x') {
      throw nonsense("expected hex");
    }
    JsonStreamReader again = new JsonStreamReader(text.length + 2);
    GrowableBytes quoted = new GrowableBytes(text.length + 2);
    quoted.add(new byte[] {'"'}, 0, 1);
    quoted.add(text, 0, text.length);
    quoted.add(new byte[] {'"'}, 0, 1);
    again.open(new ByteArrayInputStream(quoted.bytes), quoted.length);
    again.hex(target);
  }

  /** Reads a string and returns its beginning, cut after {@code most} bytes. */
  public String text(int max) throws IOException {
    if (peek() != '"') {
      throw nonsense("expected a string");
    }
    at++;
    GrowableBytes run = new GrowableBytes(64);
    while (true) {
      if (!available(1)) {
        throw RpcCallException.of(RpcCallException.Kind.TORN, "reply ends within a string");
      }
      byte b = buffer[at++];
      if (b == '"') {
        return new String(run.bytes, 0, run.length, StandardCharsets.UTF_8);
      }
      byte[] bytes = b == '\\' ? escaped() : new byte[] {b};
      if (run.length < max) {
        run.add(bytes, 0, bytes.length);
      }
    }
  }

  private byte[] escaped() throws IOException {
    if (!available(1)) {
      throw RpcCallException.of(RpcCallException.Kind.TORN, "reply ends within a string");
    }
    char c = (char) buffer[at++];
    String plain =
        switch (c) {
          case 'n' -> "\n";
          case 't' -> "\t";
          case 'r' -> "\r";
          case 'b' -> "\b";
          case 'f' -> "\f";
          case 'u' -> String.valueOf(codeUnit());
          default -> String.valueOf(c);
        };
    return plain.getBytes(StandardCharsets.UTF_8);
  }

  private char codeUnit() throws IOException {
    if (!available(4)) {
      throw RpcCallException.of(RpcCallException.Kind.TORN, "reply ends within a string");
    }
    int unit = 0;
    for (int i = 0; i < 4; i++) {
      int digit = HexDigitDecoder.value(buffer[at++]);
      if (digit < 0) {
        throw nonsense("escape is none");
      }
      unit = (unit << 4) | digit;
    }
    return (char) unit;
  }

  /** Skips a value of any kind. */
  public void skip() throws IOException {
    int depth = 0;
    do {
      switch (peek()) {
        case '"' -> skipString();
        case '{', '[' -> {
          at++;
          depth++;
        }
        case '}', ']' -> {
          if (depth-- == 0) {
            throw nonsense("expected a value");
          }
          at++;
        }
        case ',', ':' -> {
          if (depth == 0) {
            throw nonsense("expected a value");
          }
          at++;
        }
        default -> skipWord();
      }
    } while (depth > 0);
  }
}
