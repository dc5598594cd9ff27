package dev.millrace.evm;

import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** An event of a contract, the record that holds it, and its handler. */
record EventDefinition<E>(Class<E> type, EventDecoder decoder, EvmHandler<E> handler) {
  /** Reads the definition and adds its mistakes to a list; empty if there were any. */
  static <E> Optional<EventDefinition<E>> read(
      Class<E> type, EvmHandler<E> handler, List<String> mistakes) {
    int known = mistakes.size();
    Consumer<String> wrong = what -> mistakes.add(type.getSimpleName() + " " + what);
    Event event = type.getAnnotation(Event.class);
    if (event == null) {
      wrong.accept("is not annotated with @Event");
    }
    RecordComponent[] components = type.getRecordComponents();
    if (components == null) {
      wrong.accept("is not a record");
    }
    if (event == null || components == null) {
      return Optional.empty();
    }
    Optional<EventSignature> signature = EventSignature.read(event.value(), wrong);
    signature.ifPresent(read -> check(type, components, read, mistakes));
    if (signature.isEmpty() || mistakes.size() > known) {
      return Optional.empty();
    }
    try {
      EventDecoder decoder = EventDecoder.of(type, signature.get());
      return Optional.of(new EventDefinition<>(type, decoder, handler));
    } catch (ReflectiveOperationException inaccessible) {
      wrong.accept("cannot be constructed: error=" + inaccessible);
      return Optional.empty();
    }
  }

  private static void check(
      Class<?> type,
      RecordComponent[] components,
      EventSignature signature,
      List<String> mistakes) {
    List<EventSignature.Parameter> parameters = signature.parameters();
    if (components.length != parameters.size()) {
      mistakes.add(
          "%s has %d components and its signature %d parameters: signature=%s"
              .formatted(
                  type.getSimpleName(), components.length, parameters.size(), signature.asked()));
    }
    for (int i = 0; i < Math.min(components.length, parameters.size()); i++) {
      RecordComponent component = components[i];
      EventSignature.Parameter parameter = parameters.get(i);
      String where = type.getSimpleName() + "." + component.getName();
      if (!sameName(component.getName(), parameter.name())) {
        mistakes.add(
            "%s stands where the signature has another name: parameter=%s"
                .formatted(where, parameter.name()));
      }
      if (!EventDecoder.fits(parameter, component.getType())) {
        mistakes.add(
            "%s has a type that cannot hold its parameter: parameter=%s%s type=%s fitting=%s"
                .formatted(
                    where,
                    parameter.type(),
                    parameter.isHashed() ? " indexed" : "",
                    component.getType().getSimpleName(),
                    EventDecoder.fitting(parameter)));
      }
    }
  }

  /**
   * Solidity decorates names with underscores and Java has words of its own, so these do not count.
   */
  private static boolean sameName(String component, String parameter) {
    return parameter.isEmpty() || bare(component).equals(bare(parameter));
  }

  private static String bare(String name) {
    return name.replaceAll("^_+|_+$", "");
  }

  EventSignature signature() {
    return decoder.signature();
  }

  /** What a chain is asked for: one contract has at most one handler for it. */
  String key() {
    return signature().canonical() + "/" + signature().topics();
  }
}
