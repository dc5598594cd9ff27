package dev.millrace.loaders;

import java.math.BigDecimal;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/** Reads one JSON text strictly and writes it in canonical form. */
final class CanonicalJsonReader {
  private static final int MAX_DEPTH = 512;
  private static final int MAX_EXPONENT = 1000;

  private final String text;
  private int at;
  private int depth;

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

  private void number(StringBuilder out) {
    int start = at;
    while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    String digits = text.substring(start, at);
    if (!digits.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]{1,6})?")) {
      at = start;
      throw wrong("expected a value");
    }
    BigDecimal number = new BigDecimal(digits).stripTrailingZeros();
    if (Math.abs((long) number.precision() - number.scale()) > MAX_EXPONENT
        || Math.abs(number.scale()) > MAX_EXPONENT) {
      throw wrong("number has more than " + MAX_EXPONENT + " digits");
    }
    out.append(number.signum() == 0 ? "0" : number.toPlainString());
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
