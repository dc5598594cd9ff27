package dev.millrace.loaders;

/** Text in the order of the stores: by UTF-8 bytes, which is by code points. */
public final class Utf8TextOrder {
  private Utf8TextOrder() {}

  /** Orders by code points. UTF-16 order differs where surrogates meet U+E000 and above. */
  public static int compare(String left, String right) {
    int length = Math.min(left.length(), right.length());
    for (int i = 0; i < length; i++) {
      char a = left.charAt(i);
      char b = right.charAt(i);
      if (a != b) {
        return Integer.compare(rank(a), rank(b));
      }
    }
    return Integer.compare(left.length(), right.length());
  }

  private static int rank(char unit) {
    return Character.isSurrogate(unit) ? unit + 0x10000 : unit;
  }

  /** Refuses text that PostgreSQL cannot hold: U+0000, and surrogates without their other half. */
  static String canonical(String text) {
    for (int i = 0; i < text.length(); i++) {
      char unit = text.charAt(i);
      if (unit == 0) {
        throw new IllegalArgumentException("text must not contain U+0000: at=" + i);
      }
      if (Character.isSurrogate(unit)) {
        boolean pair =
            Character.isHighSurrogate(unit)
                && i + 1 < text.length()
                && Character.isLowSurrogate(text.charAt(i + 1));
        if (!pair) {
          throw new IllegalArgumentException(
              "text must not contain half a surrogate pair: at=" + i);
        }
        i++;
      }
    }
    return text;
  }
}
