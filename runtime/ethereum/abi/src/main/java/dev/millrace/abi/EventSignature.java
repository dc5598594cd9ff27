package dev.millrace.abi;

import com.joemelsha.crypto.hash.Keccak;
import dev.millrace.loaders.Bytes32;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** The name of an event and its parameters, as its contract declares them. */
public record EventSignature(String name, List<Parameter> parameters, boolean anonymous) {
  /** A parameter, or a component of a tuple. The name is empty where the signature gives none. */
  public record Parameter(AbiType type, boolean indexed, String name) {
    /** True if its topic is a hash: a topic has room for one word, the type may be longer. */
    boolean isHashed() {
      return indexed && type.isHashedAsTopic();
    }

    /** Bytes that the parameter takes among the heads of the data. */
    int headBytes() {
      return indexed ? 0 : type.headBytes();
    }
  }

  public EventSignature {
    parameters = List.copyOf(parameters);
  }

  /** Parses a signature in Solidity's syntax and reports a mistake; empty if there is one. */
  public static Optional<EventSignature> read(String text, Consumer<String> wrong) {
    try {
      return Optional.of(new SignatureReader(text).event());
    } catch (SignatureReader.Unreadable unreadable) {
      wrong.accept(
          "has a signature that does not parse: %s: column=%d signature=\"%s<here>%s\""
              .formatted(
                  unreadable.getMessage(),
                  unreadable.at() + 1,
                  text.substring(0, unreadable.at()),
                  text.substring(unreadable.at())));
      return Optional.empty();
    }
  }

  /** The text that is hashed: parameter names and the word {@code indexed} do not count. */
  public String canonical() {
    return parameters.stream()
        .map(parameter -> parameter.type().toString())
        .collect(Collectors.joining(",", name + "(", ")"));
  }

  /** The event as it is requested from a chain: as hashed, and which parameters are topics. */
  public String asked() {
    return parameters.stream()
        .map(parameter -> parameter.type() + (parameter.indexed() ? " indexed" : ""))
        .collect(Collectors.joining(", ", name + "(", anonymous ? ") anonymous" : ")"));
  }

  /** Identifies the logs of this event among those of a contract. */
  public String key() {
    return (anonymous ? "anonymous" : canonical()) + "/" + topics();
  }

  /** The first topic of every log of this event; empty if the event is anonymous. */
  public Optional<Bytes32> topic() {
    byte[] hash = new Keccak(256).digest(canonical().getBytes(StandardCharsets.US_ASCII));
    return anonymous ? Optional.empty() : Optional.of(Bytes32.of(hash));
  }

  /** The number of topics of a log of this event, the event's own among them. */
  public int topics() {
    int indexed = (int) parameters.stream().filter(Parameter::indexed).count();
    return anonymous ? indexed : 1 + indexed;
  }
}
