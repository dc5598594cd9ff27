package dev.millrace.rpc;

import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Maps the errors of nodes to actions. The rows are data.
 *
 * <p>The built-in rows are in the resource {@code getlogs-errors.tsv}, whose header explains the
 * columns. The first row that fits counts, so a narrower pattern goes before a wider one. For a new
 * provider add one row, with an example that meets no earlier row, and its text with the expected
 * step or action to {@code NodeErrorTableTest}.
 *
 * <p>Users add rows in {@code rpc-errors.tsv} in the directory of the chain, which is {@code
 * <dataDir>/chains/<id>} for a config. They come before the built-in ones and need no example.
 *
 * <p>Rows judge errors and HTTP statuses. What no row matches is judged by its status or code;
 * replies that are too large, torn, late or make no sense never reach the rows.
 */
final class NodeErrorTable {
  static final String USER_FILE = "rpc-errors.tsv";
  private static final String BUILT_IN_FILE = "getlogs-errors.tsv";
  private static final String NUMBER = "([0-9][0-9,._]*k?)";

  private final List<Row> rows;

  /** Reaction to a refusal, with its words in a row. The words are a format of users' files. */
  enum Action {
    /**
     * Ask for fewer blocks: {@code range}, {@code step …}, {@code halve}; {@code halve or again}
     * for more than one block.
     */
    SHRINK,
    /** Wait, the block is not there yet: {@code wait}. */
    NOT_YET_AVAILABLE,
    /** Send fewer requests: {@code rate}. */
    RATE_LIMITED,
    /** Ask elsewhere, this node has pruned the data: {@code pruned}. */
    PRUNED,
    /** Treat the block as unknown to this node: {@code gone}. */
    UNKNOWN_BLOCK,
    /** Treat the method as missing on this node. Never of a row. */
    NO_METHOD,
    /** Repeat the request later: {@code again}; {@code halve or again} for one block. */
    RETRY,
    /** Repeat the request later, and log the text, which no row matches. */
    UNKNOWN
  }

  /**
   * An action and its range.
   *
   * @param step blocks to ask for after the first one; for SHRINK only
   * @param isStated true if the node named a limit of blocks, which will be the same next time
   */
  record Classification(Action action, long step, boolean isStated) {
    static Classification of(Action action) {
      return new Classification(action, 0, false);
    }
  }

  /** Blocks from the first to the last. */
  record Range(long from, long to) {}

  record Row(String provider, String action, String code, Pattern pattern, String example) {
    private boolean fits(RpcCallException trouble) {
      return (code.isEmpty()
              || code.equals(Long.toString(trouble.code()))
              || trouble.text().contains(code))
          && pattern.matcher(trouble.text()).find();
    }

    private Classification verdict(RpcCallException trouble, long from, long to) {
      return switch (action) {
        case "wait" -> Classification.of(Action.NOT_YET_AVAILABLE);
        case "again" -> Classification.of(Action.RETRY);
        case "rate" -> Classification.of(Action.RATE_LIMITED);
        case "pruned" -> Classification.of(Action.PRUNED);
        case "gone" -> Classification.of(Action.UNKNOWN_BLOCK);
        case "halve" -> halved(from, to);
        case "halve or again" -> to > from ? halved(from, to) : Classification.of(Action.RETRY);
        default -> stepped(trouble, from, to);
      };
    }

    private Classification stepped(RpcCallException trouble, long from, long to) {
      Matcher said = pattern.matcher(trouble.text());
      if (!said.find()) {
        return halved(from, to);
      }
      try {
        long step = step(said, to - from);
        // A range that would stay as it is has been refused already.
        return step < 0 || step >= to - from
            ? halved(from, to)
            : new Classification(Action.SHRINK, step, isLimitOfBlocks());
      } catch (ArithmeticException | NumberFormatException beyondBlocks) {
        return halved(from, to);
      }
    }

    /** True if the number is a limit of blocks: a range that would work is one of results. */
    private boolean isLimitOfBlocks() {
      return !action.equals("range");
    }

    private long step(Matcher said, long asked) {
      return switch (action) {
        case "range" -> Math.abs(number(said.group(2)) - number(said.group(1)));
        case "step N" -> number(said.group(1));
        case "step N-1" -> number(said.group(1)) - 1;
        case "step 100 below 10000 else 10000" -> asked < 10_000 ? 100 : 10_000;
        default -> number(action.substring("step ".length()));
      };
    }
  }

  private NodeErrorTable(List<Row> rows) {
    this.rows = rows;
  }

  /** Returns the built-in rows, preceded by those of the user's file if there is one. */
  static NodeErrorTable of(Optional<Path> directory) {
    List<Row> rows = new ArrayList<>();
    Path file = directory.map(parent -> parent.resolve(USER_FILE)).orElse(null);
    try {
      if (file != null && Files.exists(file)) {
        rows.addAll(parse(file.toString(), Files.readString(file)));
      }
      try (InputStream ours = NodeErrorTable.class.getResourceAsStream(BUILT_IN_FILE)) {
        if (ours == null) {
          throw new MillraceException(
              Remedy.REPORT_BUG, "resource is missing: name=" + BUILT_IN_FILE);
        }
        rows.addAll(parse(BUILT_IN_FILE, new String(ours.readAllBytes(), StandardCharsets.UTF_8)));
      }
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
    return new NodeErrorTable(List.copyOf(rows));
  }

  List<Row> rows() {
    return rows;
  }

  private static List<Row> parse(String name, String text) {
    List<Row> rows = new ArrayList<>();
    int number = 0;
    for (String line : text.split("\n", -1)) {
      number++;
      if (!line.isBlank() && !line.startsWith("#")) {
        rows.add(row(line, name, number));
      }
    }
    return rows;
  }

  private static Row row(String line, String name, int number) {
    String[] cells = line.split("\t", -1);
    if (cells.length < 4
        || !cells[1].matches(
            "range|halve( or again)?|wait|again|rate|pruned|gone|step (N|N-1|[0-9]+.*)")) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "row of the error table is not: provider, action, code, pattern: file=%s line=%d"
              .formatted(name, number));
    }
    try {
      String example = cells.length > 4 ? cells[4] : "";
      String pattern = cells[3].replace("(N)", NUMBER).replaceAll("\\bN\\b", NUMBER);
      return new Row(
          cells[0],
          cells[1],
          cells[2],
          Pattern.compile(pattern, Pattern.CASE_INSENSITIVE),
          example);
    } catch (PatternSyntaxException wrong) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "row of the error table has no pattern: file=%s line=%d".formatted(name, number),
          wrong);
    }
  }

  /** Decides how to react to the refusal of a range of logs. */
  Classification judge(RpcCallException trouble, long from, long to) {
    return switch (trouble.kind()) {
      case TOO_LARGE -> halved(from, to);
      case BEHIND -> Classification.of(Action.NOT_YET_AVAILABLE);
      case TORN, NONSENSE, TIMEOUT -> Classification.of(Action.RETRY);
      case ERROR, STATUS -> classify(trouble, from, to);
    };
  }

  private Classification classify(RpcCallException trouble, long from, long to) {
    for (Row row : rows) {
      if (row.fits(trouble)) {
        return row.verdict(trouble, from, to);
      }
    }
    return trouble.kind() == RpcCallException.Kind.STATUS
        ? status(trouble, from, to)
        : code(trouble);
  }

  private static Classification status(RpcCallException trouble, long from, long to) {
    return switch ((int) trouble.code()) {
      case 429 -> Classification.of(Action.RATE_LIMITED);
      case 413 -> to > from ? halved(from, to) : Classification.of(Action.RETRY);
      default -> Classification.of(Action.RETRY);
    };
  }

  private static final Pattern NO_METHOD =
      Pattern.compile(
          "method .*(?:not (?:found|supported|available|allowed|exist)|does not exist|is disabled)"
              + "|(?:unsupported|unknown|disallowed) method",
          Pattern.CASE_INSENSITIVE);

  private static Classification code(RpcCallException trouble) {
    if (trouble.code() == -32601 || NO_METHOD.matcher(trouble.text()).find()) {
      return Classification.of(Action.NO_METHOD);
    }
    if (trouble.code() == -32005 || trouble.code() == 429) {
      return Classification.of(Action.RATE_LIMITED);
    }
    return Classification.of(Action.UNKNOWN);
  }

  private static final Pattern RESULT_LIMIT =
      Pattern.compile("response|result|reply|body|logs|receipts|size", Pattern.CASE_INSENSITIVE);

  /** True if a refusal concerns the size of the result, not the range. */
  static boolean isResultLimit(RpcCallException trouble) {
    return trouble.kind() == RpcCallException.Kind.TOO_LARGE
        || RESULT_LIMIT.matcher(trouble.text()).find();
  }

  /** Halves a range; the step of a single block is 0. */
  static Classification halved(long from, long to) {
    return new Classification(Action.SHRINK, (to - from) / 2, false);
  }

  /** Splits a range into parts of {@code step + 1} blocks: complete, disjoint and in order. */
  static List<Range> ranges(long from, long to, long step) {
    List<Range> ranges = new ArrayList<>();
    for (long first = from; first <= to; first += step + 1) {
      ranges.add(new Range(first, Math.min(to, first + step)));
    }
    return ranges;
  }

  private static long number(String text) {
    if (text.startsWith("0x")) {
      return Long.parseLong(text, 2, text.length(), 16);
    }
    String digits = text.replaceAll("[^0-9]", "");
    long value =
        digits.isEmpty() ? 0 : Long.parseLong(digits.substring(0, Math.min(18, digits.length())));
    return text.endsWith("k") ? Math.multiplyExact(value, 1000L) : value;
  }
}
