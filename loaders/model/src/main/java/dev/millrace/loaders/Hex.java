package dev.millrace.loaders;

/** The {@code 0x…} form of bytes. */
final class Hex {
  private static final java.util.HexFormat FORMAT = java.util.HexFormat.of();

  private Hex() {}

  static byte[] bytes(String text) {
    if (!text.startsWith("0x")) {
      throw new IllegalArgumentException("hex must begin with 0x: value=" + text);
    }
    try {
      return FORMAT.parseHex(text, 2, text.length());
    } catch (IllegalArgumentException wrong) {
      throw new IllegalArgumentException("hex must be pairs of digits: value=" + text, wrong);
    }
  }

  static byte[] bytes(String text, int length) {
    byte[] bytes = bytes(text);
    if (bytes.length != length) {
      throw new IllegalArgumentException(
          "hex has the wrong length: expected=%d bytes=%d".formatted(length, bytes.length));
    }
    return bytes;
  }

  static String text(byte[] bytes) {
    return "0x" + FORMAT.formatHex(bytes);
  }
}
