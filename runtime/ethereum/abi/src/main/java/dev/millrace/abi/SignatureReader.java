package dev.millrace.abi;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Parses the signature of an event, from left to right. Stops at the first mistake and reports its
 * position.
 */
final class SignatureReader {
  private static final int MAX_PARAMETERS = 64;
  private static final int MAX_DEPTH = 16;

  /** Maximum size of a static type: a longer one fits no log that anyone could pay for. */
  private static final int MAX_BYTES = 1 << 20;

  /** A mistake and its position in the text. */
  static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1L;

    private final int at;

    Unreadable(int at, String why) {
      super(why);
      this.at = at;
    }

    int at() {
      return at;
    }
  }

  private final String text;
  private int at;

  SignatureReader(String text) {
    this.text = text;
  }

  EventSignature event() throws Unreadable {
    String name = name("the name of the event");
    if (name.equals("event")) {
      name = name("the name of the event");
    }
    List<EventSignature.Parameter> parameters = parameters(true, 0);
    int behind = skip();
    String word = word();
    if (!word.isEmpty() && !word.equals("anonymous")) {
      throw new Unreadable(behind, "expected the end of the signature");
    }
    take(';');
    if (skip() < text.length()) {
      throw new Unreadable(at, "expected the end of the signature");
    }
    boolean anonymous = word.equals("anonymous");
    EventSignature event = new EventSignature(name, parameters, anonymous);
    if (event.topics() > 4) {
      throw new Unreadable(
          text.length(), "more than %s indexed parameters".formatted(anonymous ? "four" : "three"));
    }
    return event;
  }

  private List<EventSignature.Parameter> parameters(boolean ofEvent, int depth) throws Unreadable {
    if (!take('(')) {
      throw new Unreadable(at, "expected (");
    }
    List<EventSignature.Parameter> parameters = new ArrayList<>();
    if (take(')')) {
      return parameters;
    }
    do {
      parameters.add(parameter(ofEvent, depth));
    } while (take(','));
    if (!take(')')) {
      throw new Unreadable(at, "expected , or )");
    }
    if (parameters.size() > MAX_PARAMETERS) {
      throw new Unreadable(at, "more than %d parameters".formatted(MAX_PARAMETERS));
    }
    return parameters;
  }

  private EventSignature.Parameter parameter(boolean ofEvent, int depth) throws Unreadable {
    AbiType type = type(depth);
    int before = skip();
    String word = word();
    boolean indexed = word.equals("indexed");
    if (indexed) {
      if (!ofEvent) {
        throw new Unreadable(before, "a component of a tuple cannot be indexed");
      }
      word = word();
    }
    return new EventSignature.Parameter(type, indexed, word);
  }

  private AbiType type(int depth) throws Unreadable {
    int begin = skip();
    if (depth > MAX_DEPTH) {
      throw new Unreadable(begin, "types are nested deeper than %d".formatted(MAX_DEPTH));
    }
    String word = word();
    AbiType type;
    if (peek() == '(' && (word.isEmpty() || word.equals("tuple"))) {
      List<EventSignature.Parameter> components = parameters(false, depth + 1);
      if (components.isEmpty()) {
        throw new Unreadable(begin, "a tuple has no component");
      }
      type = new AbiType.Composite(components);
    } else {
      type = elementary(begin, word);
    }
    for (int level = 0; take('['); level++) {
      if (level == MAX_DEPTH) {
        throw new Unreadable(begin, "types are nested deeper than %d".formatted(MAX_DEPTH));
      }
      type = sequence(type);
    }
    if (!type.isDynamic() && type.headBytes() > MAX_BYTES) {
      throw new Unreadable(begin, "%s is too long for a log".formatted(type));
    }
    return type;
  }

  private static AbiType elementary(int begin, String word) throws Unreadable {
    if (word.isEmpty()) {
      throw new Unreadable(begin, "expected a type");
    }
    Optional<AbiType> known = AbiType.of(word);
    if (known.isPresent()) {
      return known.get();
    }
    if (word.matches("u?fixed([0-9]+x[0-9]+)?")) {
      throw new Unreadable(begin, "fixed-point numbers like %s are not supported".formatted(word));
    }
    throw new Unreadable(
        begin,
        ("unknown type %s; types are address bool string bytes bytes1…bytes32 int8…int256"
                + " uint8…uint256 function, a struct is written as a tuple, an enum as uint8, a"
                + " contract as address")
            .formatted(word));
  }

  private AbiType sequence(AbiType element) throws Unreadable {
    int begin = skip();
    if (take(']')) {
      return new AbiType.Sequence(element, AbiType.Sequence.ANY);
    }
    while (at < text.length() && Character.isDigit(text.charAt(at))) {
      at++;
    }
    String digits = text.substring(begin, at);
    if (digits.isEmpty() || !take(']')) {
      throw new Unreadable(at, "expected ]");
    }
    if (!digits.matches("[1-9][0-9]{0,6}")
        || (long) Integer.parseInt(digits) * element.headBytes() > MAX_BYTES) {
      throw new Unreadable(begin, "an array cannot have this many elements");
    }
    return new AbiType.Sequence(element, Integer.parseInt(digits));
  }

  private String name(String what) throws Unreadable {
    int begin = skip();
    String name = word();
    if (name.isEmpty()) {
      throw new Unreadable(begin, "expected " + what);
    }
    return name;
  }

  /** Reads a Solidity identifier; empty if there is none here. */
  private String word() {
    int begin = skip();
    while (at < text.length() && isNamePart(text.charAt(at), at == begin)) {
      at++;
    }
    return text.substring(begin, at);
  }

  private static boolean isNamePart(char letter, boolean first) {
    return (letter >= 'a' && letter <= 'z')
        || (letter >= 'A' && letter <= 'Z')
        || letter == '_'
        || letter == '$'
        || (!first && letter >= '0' && letter <= '9');
  }

  private char peek() {
    return skip() < text.length() ? text.charAt(at) : 0;
  }

  private boolean take(char expected) {
    if (peek() != expected) {
      return false;
    }
    at++;
    return true;
  }

  private int skip() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
    return at;
  }
}
