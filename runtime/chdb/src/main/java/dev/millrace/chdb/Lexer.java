package dev.millrace.chdb;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Cuts SQL into words and signs, as far as it takes to see where clauses begin: comments, strings
 * and quoted names are passed over. Works on a string of bytes (Latin 1), so that places are bytes.
 */
final class Lexer {

  /**
   * @param word the upper case of a bare word, a sign as it is, or empty for what is quoted
   * @param depth how many brackets are open around it
   */
  record Token(String word, int start, int end, int depth) {
    boolean is(String other) {
      return word.equals(other);
    }

    boolean isWord() {
      return !word.isEmpty() && isWordPart(word.charAt(0));
    }
  }

  /** What follows these is a table, even one called {@code values}. */
  private static final Set<String> NAMED_AFTER = Set.of("INTO", "TABLE", ".");

  // UTF-8, byte by byte.
  private static final String LEFT_SINGLE = "\u00e2\u0080\u0098";
  private static final String RIGHT_SINGLE = "\u00e2\u0080\u0099";
  private static final String LEFT_DOUBLE = "\u00e2\u0080\u009c";
  private static final String RIGHT_DOUBLE = "\u00e2\u0080\u009d";

  private final String text;
  private final boolean untilData;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int depth;

  private Lexer(String text, boolean untilData) {
    this.text = text;
    this.untilData = untilData;
  }

  static List<Token> tokens(String text) {
    return new Lexer(text, false).run();
  }

  /** Stops where the data of an INSERT begins: they follow other rules. */
  static List<Token> tokensBeforeData(String text) {
    return new Lexer(text, true).run();
  }

  private List<Token> run() {
    while (at < text.length()) {
      char c = text.charAt(at);
      if (Character.isWhitespace(c)) {
        at++;
      } else if (startsWith("--") || startsWith("//") || startsWith("# ") || startsWith("#!")) {
        skipPast("\n");
      } else if (startsWith("/*")) {
        comment();
      } else if (c == '\'' || c == '"' || c == '`') {
        quoted(c);
      } else if (startsWith(LEFT_SINGLE)) {
        curled(RIGHT_SINGLE);
      } else if (startsWith(LEFT_DOUBLE)) {
        curled(RIGHT_DOUBLE);
      } else if (c == '$' && isHeredoc()) {
        heredoc();
      } else if (isWordPart(c)) {
        word();
        if (untilData && isBeforeData()) {
          break;
        }
      } else {
        sign(c);
      }
    }
    return tokens;
  }

  private boolean isBeforeData() {
    int last = tokens.size() - 1;
    Token token = tokens.get(last);
    Token before = tokens.get(Math.max(0, last - 1));
    boolean formatted = before.is("FORMAT") && before.depth() == 0;
    boolean name = NAMED_AFTER.contains(before.word());
    return token.depth() == 0 && last > 1 && (formatted || (token.is("VALUES") && !name));
  }

  private boolean startsWith(String prefix) {
    return text.startsWith(prefix, at);
  }

  private void skipPast(String end) {
    int found = text.indexOf(end, at + 2);
    at = found < 0 ? text.length() : found + end.length();
  }

  /** They nest. */
  private void comment() {
    int open = 0;
    do {
      if (startsWith("/*")) {
        open++;
        at += 2;
      } else if (startsWith("*/")) {
        open--;
        at += 2;
      } else {
        at++;
      }
    } while (open > 0 && at < text.length());
    at = Math.min(at, text.length());
  }

  private void curled(String end) {
    int start = at;
    int found = text.indexOf(end, at);
    at = found < 0 ? text.length() : found + end.length();
    tokens.add(new Token("", start, at, depth));
  }

  private void quoted(char quote) {
    int start = at++;
    while (at < text.length() && text.charAt(at) != quote) {
      at += text.charAt(at) == '\\' ? 2 : 1;
    }
    at = Math.min(at + 1, text.length());
    tokens.add(new Token("", start, at, depth));
  }

  /** {@code $tag$ … $tag$} */
  private boolean isHeredoc() {
    int end = text.indexOf('$', at + 1);
    return end > 0
        && text.substring(at + 1, end).chars().allMatch(c -> isWordPart((char) c))
        && text.indexOf(text.substring(at, end + 1), end + 1) > 0;
  }

  private void heredoc() {
    int start = at;
    String tag = text.substring(start, text.indexOf('$', start + 1) + 1);
    at = text.indexOf(tag, start + tag.length()) + tag.length();
    tokens.add(new Token("", start, at, depth));
  }

  private void word() {
    int start = at;
    while (at < text.length() && isWordPart(text.charAt(at))) {
      at++;
    }
    tokens.add(new Token(text.substring(start, at).toUpperCase(Locale.ROOT), start, at, depth));
  }

  private void sign(char c) {
    if (c == ')' || c == ']' || c == '}') {
      depth--;
    }
    tokens.add(new Token(Character.toString(c), at, at + 1, depth));
    if (c == '(' || c == '[' || c == '{') {
      depth++;
    }
    at++;
  }

  private static boolean isWordPart(char c) {
    return Character.isLetterOrDigit(c) || c == '_' || c == '$' || c >= 0x80;
  }
}
