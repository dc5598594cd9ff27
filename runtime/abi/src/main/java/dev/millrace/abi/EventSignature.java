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
  /**
   * One parameter, or one component of a tuple. Its name is empty where the signature gives none.
   */
  public record Parameter(AbiType type, boolean indexed, String name) {
    /** A topic has room for one word: of what may be longer it holds the hash. */
    boolean isHashed() {
      return indexed && type.isHashedAsTopic();
    }

    /** The bytes that it takes among the heads of the data. */
    int headBytes() {
      return indexed ? 0 : type.headBytes();
    }
  }

  public EventSignature {
    parameters = List.copyOf(parameters);
  }

  /** Reads a signature as Solidity writes it and says what is wrong; empty if anything is. */
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

  /** What is hashed: names and the word {@code indexed} do not count. */
  public String canonical() {
    return parameters.stream()
        .map(parameter -> parameter.type().toString())
        .collect(Collectors.joining(",", name + "(", ")"));
  }

  /** What is asked of a chain: as hashed, and which parameters are topics. */
  public String asked() {
    return parameters.stream()
        .map(parameter -> parameter.type() + (parameter.indexed() ? " indexed" : ""))
        .collect(Collectors.joining(", ", name + "(", anonymous ? ") anonymous" : ")"));
  }

  /** What tells its logs from those of other events of a contract. */
  public String key() {
    return (anonymous ? "anonymous" : canonical()) + "/" + topics();
  }

  /** The first topic of every log of this event; empty where it is anonymous. */
  public Optional<Bytes32> topic() {
    byte[] hash = new Keccak(256).digest(canonical().getBytes(StandardCharsets.US_ASCII));
    return anonymous ? Optional.empty() : Optional.of(Bytes32.of(hash));
  }

  /** The topics of a log of this event, its own among them. */
  public int topics() {
    int indexed = (int) parameters.stream().filter(Parameter::indexed).count();
    return anonymous ? indexed : 1 + indexed;
  }
}
