package dev.millrace.evm;

import com.joemelsha.crypto.hash.Keccak;
import dev.millrace.loaders.Bytes32;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The name of an event and its parameters, as its contract declares them. */
record EventSignature(String name, List<Parameter> parameters) {
  private static final String IDENTIFIER = "[A-Za-z_$][A-Za-z0-9_$]*";
  private static final Pattern EVENT =
      Pattern.compile("\\s*(?:event\\s+)?(" + IDENTIFIER + ")\\s*\\((.*)\\)\\s*;?\\s*");
  private static final int MOST_INDEXED = 3;

  /** One parameter. Its name is empty where the signature gives none. */
  record Parameter(AbiType type, boolean indexed, String name) {
    /** A topic has room for one word: of what has a length of its own it holds the hash. */
    boolean isHashed() {
      return indexed && type.isDynamic();
    }
  }

  EventSignature {
    parameters = List.copyOf(parameters);
  }

  /** Reads a signature and says what is wrong with it; empty if anything is. */
  static Optional<EventSignature> read(String text, Consumer<String> wrong) {
    if (text.matches(".*\\)\\s*anonymous\\s*;?\\s*")) {
      wrong.accept("has an anonymous event, which has no topic to find it by: signature=" + text);
      return Optional.empty();
    }
    Matcher event = EVENT.matcher(text);
    if (!event.matches()) {
      wrong.accept("has a signature that is not Name(type name, …): signature=" + text);
      return Optional.empty();
    }
    String inside = event.group(2);
    if (inside.contains("[") || inside.contains("(")) {
      wrong.accept("has an array or a tuple, which are not supported yet: signature=" + text);
      return Optional.empty();
    }
    List<Parameter> parameters = new ArrayList<>();
    boolean complete = true;
    for (String part : inside.isBlank() ? new String[0] : inside.split(",", -1)) {
      Optional<Parameter> parameter = parameter(part.strip(), wrong);
      parameter.ifPresent(parameters::add);
      complete &= parameter.isPresent();
    }
    if (parameters.stream().filter(Parameter::indexed).count() > MOST_INDEXED) {
      wrong.accept("has more than three indexed parameters: signature=" + text);
      complete = false;
    }
    return complete
        ? Optional.of(new EventSignature(event.group(1), parameters))
        : Optional.empty();
  }

  private static Optional<Parameter> parameter(String text, Consumer<String> wrong) {
    String[] words = text.split("\\s+", -1);
    boolean indexed = words.length > 1 && words[1].equals("indexed");
    int named = indexed ? 2 : 1;
    if (words.length > named + 1 || (words.length > named && !words[named].matches(IDENTIFIER))) {
      wrong.accept("has a parameter that is not \"type name\": parameter=\"" + text + '"');
      return Optional.empty();
    }
    Optional<AbiType> type = AbiType.of(words[0]);
    if (type.isEmpty()) {
      wrong.accept(
          "has a parameter of unknown type: parameter=\"%s\" known=%s"
              .formatted(
                  text, "address bool string bytes bytes1…bytes32 int8…int256 uint8…uint256"));
    }
    return type.map(
        known -> new Parameter(known, indexed, words.length > named ? words[named] : ""));
  }

  /** What is hashed: names and the word {@code indexed} do not count. */
  String canonical() {
    return parameters.stream()
        .map(parameter -> parameter.type().toString())
        .collect(Collectors.joining(",", name + "(", ")"));
  }

  /** What is asked of a chain: as hashed, and which parameters are topics. */
  String asked() {
    return parameters.stream()
        .map(parameter -> parameter.type() + (parameter.indexed() ? " indexed" : ""))
        .collect(Collectors.joining(", ", name + "(", ")"));
  }

  /** The first topic of every log of this event. */
  Bytes32 topic() {
    byte[] hash = new Keccak(256).digest(canonical().getBytes(StandardCharsets.US_ASCII));
    return Bytes32.of(hash);
  }

  /** The topics of a log of this event, its own among them. */
  int topics() {
    return 1 + (int) parameters.stream().filter(Parameter::indexed).count();
  }
}
