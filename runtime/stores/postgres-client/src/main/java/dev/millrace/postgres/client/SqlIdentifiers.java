package dev.millrace.postgres.client;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.zip.CRC32;

/** Names in the form that PostgreSQL accepts, with any characters. */
public final class SqlIdentifiers {
  /** PostgreSQL silently cuts off longer names. */
  private static final int MAX_BYTES = 63;

  private SqlIdentifiers() {}

  public static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  static int bytes(String name) {
    return name.getBytes(StandardCharsets.UTF_8).length;
  }

  public static boolean fits(String name) {
    return bytes(name) <= MAX_BYTES;
  }

  /** Returns the name, or if it is too long its beginning and a checksum of the whole. */
  public static String fitted(String name) {
    if (fits(name)) {
      return name;
    }
    CRC32 checksum = new CRC32();
    checksum.update(name.getBytes(StandardCharsets.UTF_8));
    String tail = "_" + HexFormat.of().toHexDigits(checksum.getValue(), 8);
    String head = name;
    while (bytes(head) + tail.length() > MAX_BYTES) {
      head = head.substring(0, head.offsetByCodePoints(head.length(), -1));
    }
    return head + tail;
  }
}
