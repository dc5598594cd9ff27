package dev.millrace.chdb;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.millrace.chdb.Lexer.Token;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a request asks for, as far as the way its bytes travel depends on it. The engine parses the
 * statement; this only finds the seams where the name of a pipe goes in.
 */
sealed interface Statement {

  /** An INSERT whose data follow the statement: they come through a pipe, whatever their size. */
  record Insertion(String before, String after, String format, int dataStart) implements Statement {
    @Override
    public String text() {
      return before + after + "\nFORMAT " + format;
    }

    byte[] from(String file) {
      String text =
          before
              + "\nFROM INFILE '"
              + file
              + "' COMPRESSION 'gzip' "
              + after
              + "\nFORMAT "
              + format;
      return text.getBytes(ISO_8859_1);
    }
  }

  /** Something that returns rows: they go through a pipe. */
  record Rows(String before, Optional<String> format, String after) implements Statement {
    @Override
    public String text() {
      return before + format.map(name -> "\nFORMAT " + name).orElse("") + after;
    }

    byte[] into(String file, String defaultFormat) {
      String text =
          before
              + "\nINTO OUTFILE '"
              + file
              + "' TRUNCATE FORMAT "
              + format.orElse(defaultFormat)
              + after;
      return text.getBytes(ISO_8859_1);
    }
  }

  /** Anything else. */
  record Other(String text) implements Statement {
    byte[] bytes() {
      return text.getBytes(ISO_8859_1);
    }
  }

  /** All of it but the data. */
  String text();

  /**
   * The statement if there is a semicolon somewhere in it: in a string or a comment, as far as is
   * seen here.
   */
  default Optional<String> inDoubt() {
    return Optional.of(text()).filter(text -> text.contains(";"));
  }

  Set<String> RETURN_ROWS =
      Set.of(
          "SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "CHECK", "FROM", "(");

  Set<String> ENDS_INSERT_HEAD =
      Set.of("VALUES", "FORMAT", "SETTINGS", "SELECT", "WITH", "FROM", "(");

  /** An INSERT with data, if the text goes at least as far as where they begin. */
  static Optional<Insertion> insertion(byte[] head) {
    return insertion(new String(head, ISO_8859_1));
  }

  static Statement of(byte[] sql) {
    String text = new String(sql, ISO_8859_1);
    Optional<Insertion> insertion = insertion(text);
    if (insertion.isPresent()) {
      return insertion.get();
    }
    List<Token> tokens = Lexer.tokens(text);
    if (tokens.isEmpty()) {
      throw ChdbException.of(ErrorCode.SYNTAX_ERROR, "Empty query");
    }
    int end = lengthWithoutSemicolons(tokens);
    text = text.substring(0, end);
    List<Token> kept = tokens.stream().filter(token -> token.end() <= end).toList();
    refuseFiles(kept);
    boolean inserts = kept.stream().anyMatch(token -> token.depth() == 0 && token.is("INSERT"));
    return !kept.isEmpty() && RETURN_ROWS.contains(kept.getFirst().word()) && !inserts
        ? rows(text, kept)
        : new Other(text);
  }

  private static Optional<Insertion> insertion(String text) {
    List<Token> tokens = Lexer.tokensBeforeData(text);
    if (tokens.size() < 4 || !tokens.getFirst().is("INSERT")) {
      return Optional.empty();
    }
    Token last = tokens.getLast();
    Token beforeLast = tokens.get(tokens.size() - 2);
    boolean values = last.is("VALUES") && last.depth() == 0;
    boolean format = beforeLast.is("FORMAT") && beforeLast.depth() == 0 && last.isWord();
    // The name of the table is not a clause, whatever it is called.
    int clause = clauseAfterName(tokens);
    if (!(values || format) || clause < 0) {
      return Optional.empty();
    }
    if (tokens.stream().anyMatch(token -> token.is(";"))) {
      throw severalStatements(tokens);
    }
    refuseFiles(tokens);
    Token first = tokens.get(clause);
    Token seam = values ? last : beforeLast;
    if (!first.is("SETTINGS") && !first.equals(seam)) {
      return Optional.empty();
    }
    return Optional.of(
        new Insertion(
            text.substring(0, first.start()),
            text.substring(first.start(), seam.start()),
            values ? "Values" : text.substring(last.start(), last.end()),
            format ? startOfFormatted(text, last.end()) : last.end()));
  }

  /** The first clause after INSERT INTO [TABLE] [FUNCTION] name (columns). */
  private static int clauseAfterName(List<Token> tokens) {
    int at = 1;
    while (at < tokens.size()
        && Set.of("INTO", "TABLE", "FUNCTION").contains(tokens.get(at).word())) {
      at++;
    }
    at++;
    while (at + 1 < tokens.size() && tokens.get(at).is(".")) {
      at += 2;
    }
    while (at < tokens.size()
        && (tokens.get(at).depth() > 0
            || !ENDS_INSERT_HEAD.contains(tokens.get(at).word())
            || isBracket(tokens, at))) {
      at++;
    }
    return at < tokens.size() ? at : -1;
  }

  private static boolean isBracket(List<Token> tokens, int at) {
    return tokens.get(at).is("(")
        && !(at + 1 < tokens.size()
            && Set.of("SELECT", "WITH").contains(tokens.get(at + 1).word()));
  }

  /** The data of a format begin after one line break, or after the spaces before them. */
  private static int startOfFormatted(String text, int at) {
    int start = at;
    while (start < text.length() && " \t\r\f".indexOf(text.charAt(start)) >= 0) {
      start++;
    }
    if (start < text.length() && text.charAt(start) == ';') {
      start++;
    }
    return start < text.length() && text.charAt(start) == '\n' ? start + 1 : start;
  }

  private static int lengthWithoutSemicolons(List<Token> tokens) {
    int kept = tokens.size();
    while (kept > 0 && tokens.get(kept - 1).is(";")) {
      kept--;
    }
    if (tokens.subList(0, kept).stream().anyMatch(token -> token.is(";"))) {
      throw severalStatements(tokens);
    }
    return kept == 0 ? 0 : tokens.get(kept - 1).end();
  }

  private static ChdbException severalStatements(List<Token> tokens) {
    Token first = tokens.stream().filter(token -> token.is(";")).findFirst().orElseThrow();
    return ChdbException.of(
        ErrorCode.SYNTAX_ERROR,
        "Syntax error (Multi-statements are not allowed): failed at position "
            + (first.start() + 1)
            + " (end of query)");
  }

  /** As a server does: a client's file is on the client's side of the connection. */
  private static void refuseFiles(List<Token> tokens) {
    for (int i = 1; i < tokens.size(); i++) {
      String pair = tokens.get(i - 1).word() + " " + tokens.get(i).word();
      if (tokens.get(i).depth() == 0 && pair.equals("INTO OUTFILE")) {
        throw ChdbException.of(ErrorCode.INTO_OUTFILE_NOT_ALLOWED, "INTO OUTFILE is not allowed");
      }
      if (tokens.getFirst().is("INSERT")
          && tokens.get(i).depth() == 0
          && pair.equals("FROM INFILE")) {
        throw ChdbException.of(
            ErrorCode.UNKNOWN_TYPE_OF_QUERY, "Query has infile and was send directly to server");
      }
    }
  }

  private static Statement rows(String text, List<Token> tokens) {
    List<Token> outer = tokens.stream().filter(token -> token.depth() == 0).toList();
    for (int i = outer.size() - 2; i > 0; i--) {
      boolean last = i + 2 == outer.size() || outer.get(i + 2).is("SETTINGS");
      if (last && outer.get(i).is("FORMAT") && outer.get(i + 1).isWord()) {
        Token name = outer.get(i + 1);
        return new Rows(
            text.substring(0, outer.get(i).start()),
            Optional.of(text.substring(name.start(), name.end())),
            text.substring(name.end()));
      }
    }
    return new Rows(text, Optional.empty(), "");
  }
}
