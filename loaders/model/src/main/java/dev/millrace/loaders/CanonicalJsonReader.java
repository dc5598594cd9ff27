package dev.millrace.loaders;

import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/** Reads one JSON text strictly and writes it in canonical form. */
final class CanonicalJsonReader {
  private static final int MAX_DEPTH = 512;
  private static final int MAX_DIGITS = 1000;
  private static final int MAX_EXPONENT_DIGITS = 6;

  /**
   * Zeros that plain notation may add to a text per character of it, beside {@link #FREE_ZEROS}: a
   * double with all its digits takes 14. Without this limit a text of short numbers with large
   * exponents takes 143 times its memory.
   */
  private static final int ZEROS_PER_CHARACTER = 16;

  private static final int FREE_ZEROS = 4096;

  private final String text;
  private int at;
  private int depth;
  private long zeros;

  CanonicalJsonReader(String text) {
    this.text = text;
  }

  String canonical() {
    StringBuilder out = new StringBuilder(text.length());
    value(out);
    space();
    if (at != text.length()) {
      throw wrong("unexpected text after the value");
    }
    return out.toString();
  }

  private void value(StringBuilder out) {
    space();
    switch (peek()) {
      case '{' -> object(out);
      case '[' -> array(out);
      case '"' -> quote(string(), out);
      case 't' -> word("true", out);
      case 'f' -> word("false", out);
      case 'n' -> word("null", out);
      default -> number(out);
    }
  }

  private void object(StringBuilder out) {
    enter();
    Map<String, String> members = new TreeMap<>(Utf8TextOrder::compare);
    at++;
    space();
    if (peek() == '}') {
      at++;
    } else {
      do {
        space();
        String key = string();
        space();
        expect(':');
        StringBuilder member = new StringBuilder();
        value(member);
        members.put(key, member.toString()); // the last of equal keys counts, as in jsonb
        space();
      } while (another('}'));
    }
    depth--;
    out.append('{');
    String comma = "";
    for (Map.Entry<String, String> member : members.entrySet()) {
      out.append(comma);
      quote(member.getKey(), out);
      out.append(':').append(member.getValue());
      comma = ",";
    }
    out.append('}');
  }

  private void array(StringBuilder out) {
    enter();
    at++;
    out.append('[');
    space();
    if (peek() == ']') {
      at++;
    } else {
      String comma = "";
      do {
        out.append(comma);
        value(out);
        comma = ",";
        space();
      } while (another(']'));
    }
    depth--;
    out.append(']');
  }

  private void enter() {
    if (++depth > MAX_DEPTH) {
      throw wrong("nested deeper than " + MAX_DEPTH);
    }
  }

  private boolean another(char end) {
    char next = peek();
    at++;
    if (next != ',' && next != end) {
      at--;
      throw wrong("expected ',' or '" + end + "'");
    }
    return next == ',';
  }

  private String string() {
    expect('"');
    StringBuilder out = new StringBuilder();
    while (true) {
      char unit = peek();
      at++;
      if (unit == '"') {
        return checked(out.toString());
      }
      if (unit < 0x20) {
        throw wrong("control character in a string");
      }
      out.append(unit == '\\' ? escape() : unit);
    }
  }

  private String checked(String value) {
    try {
      return Utf8TextOrder.canonical(value);
    } catch (IllegalArgumentException refused) {
      throw wrong(String.valueOf(refused.getMessage()));
    }
  }

  private char escape() {
    char kind = peek();
    at++;
    return switch (kind) {
      case '"', '\\', '/' -> kind;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> unicode();
      default -> throw wrong("unknown escape");
    };
  }

  private char unicode() {
    int value = 0;
    for (int i = 0; i < 4; i++) {
      if (!HexFormat.isHexDigit(peek())) {
        throw wrong("expected four hex digits");
      }
      value = value * 16 + HexFormat.fromHexDigit(peek());
      at++;
    }
    return (char) value;
  }

  /** Writes a number in plain notation. No step costs more than the length of its text. */
  private void number(StringBuilder out) {
    boolean negative = take('-');
    String whole = digits();
    if (whole.startsWith("0") && whole.length() > 1) {
      throw wrong("number begins with 0");
    }
    String fraction = take('.') ? digits() : "";
    int exponent = take('e') || take('E') ? exponent() : 0;
    String digits = whole + fraction;
    int first = 0;
    while (first < digits.length() && digits.charAt(first) == '0') {
      first++;
    }
    int end = digits.length();
    while (end > first && digits.charAt(end - 1) == '0') {
      end--;
    }
    if (first == end) {
      out.append('0');
      return;
    }
    long before = (long) whole.length() - first + exponent;
    long after = end - first - before;
    if (Math.abs(before) > MAX_DIGITS || Math.abs(after) > MAX_DIGITS) {
      throw wrong("number has more than " + MAX_DIGITS + " digits");
    }
    out.append(negative ? "-" : "");
    plain(digits.substring(first, end), (int) before, out);
  }

  private String digits() {
    int start = at;
    while (at < text.length() && isDigit(text.charAt(at))) {
      at++;
    }
    if (at == start) {
      throw wrong("expected a value");
    }
    return text.substring(start, at);
  }

  private static boolean isDigit(char unit) {
    return unit >= '0' && unit <= '9';
  }

  private int exponent() {
    boolean negative = take('-');
    if (!negative) {
      take('+');
    }
    String digits = digits();
    if (digits.length() > MAX_EXPONENT_DIGITS) {
      throw wrong("number has more than " + MAX_DIGITS + " digits");
    }
    return negative ? -Integer.parseInt(digits) : Integer.parseInt(digits);
  }

  /** Writes digits of which {@code before} come before the point, with the zeros that lack. */
  private void plain(String digits, int before, StringBuilder out) {
    if (before <= 0) {
      out.append("0.");
      zeros(-before, out);
      out.append(digits);
    } else if (before >= digits.length()) {
      out.append(digits);
      zeros(before - digits.length(), out);
    } else {
      out.append(digits, 0, before).append('.').append(digits, before, digits.length());
    }
  }

  private void zeros(int count, StringBuilder out) {
    zeros += count;
    if (zeros > FREE_ZEROS + (long) ZEROS_PER_CHARACTER * text.length()) {
      throw wrong("numbers are too long without their exponents");
    }
    out.repeat('0', count);
  }

  private static void quote(String value, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < value.length(); i++) {
      char unit = value.charAt(i);
      switch (unit) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (unit < 0x20) {
            out.append("\\u00")
                .append(Character.forDigit(unit >> 4, 16))
                .append(Character.forDigit(unit & 15, 16));
          } else {
            out.append(unit);
          }
        }
      }
    }
    out.append('"');
  }

  private void word(String word, StringBuilder out) {
    if (!text.startsWith(word, at)) {
      throw wrong("expected a value");
    }
    at += word.length();
    out.append(word);
  }

  private void space() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private char peek() {
    if (at >= text.length()) {
      throw wrong("unexpected end");
    }
    return text.charAt(at);
  }

  private boolean take(char unit) {
    if (at == text.length() || text.charAt(at) != unit) {
      return false;
    }
    at++;
    return true;
  }

  private void expect(char unit) {
    if (peek() != unit) {
      throw wrong("expected '" + unit + "'");
    }
    at++;
  }

  private IllegalArgumentException wrong(String why) {
    return new IllegalArgumentException("json cannot be read: why=\"%s\" at=%d".formatted(why, at));
  }
}
