package dev.millrace.chdb;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A refusal in the words of ClickHouse: a number, a name and a message, which clients parse. */
final class ChdbException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** How the library begins what it reports. */
  private static final Pattern REPORT = Pattern.compile("Code: (\\d+)\\. DB::Exception: .*");

  private final int code;
  private final String text;

  private ChdbException(int code, String text) {
    super(text);
    this.code = code;
    this.text = text;
  }

  static ChdbException of(ErrorCode code, String message) {
    return new ChdbException(
        code.number(),
        "Code: " + code.number() + ". DB::Exception: " + message + ". (" + code.name() + ")");
  }

  /** What the library says, as it says it. */
  static ChdbException reported(String text) {
    Matcher matcher = REPORT.matcher(text.lines().findFirst().orElse(""));
    return matcher.matches()
        ? new ChdbException(Integer.parseInt(matcher.group(1)), text.strip())
        : of(ErrorCode.UNKNOWN_EXCEPTION, text.strip());
  }

  int code() {
    return code;
  }

  int status() {
    return ErrorCode.status(code);
  }

  /** The whole of an error body. */
  String body(String version) {
    String suffix = " (version " + version + ")";
    return text.endsWith(suffix) ? text + "\n" : text + suffix + "\n";
  }
}
