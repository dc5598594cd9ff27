package dev.millrace.abi;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Binds the components of a record to the parameters of a signature. For a component that cannot
 * hold its parameter, reports the types that could. Nested tuples are records themselves.
 */
final class RecordBinding {
  private static final String MISFIT =
      "%s has a type that cannot hold its parameter: parameter=%s%s type=%s fitting=%s";

  private final List<String> mistakes;

  RecordBinding(List<String> mistakes) {
    this.mistakes = mistakes;
  }

  /** Returns a reader for each component; meaningless if there were mistakes. */
  List<NestedValueReader> parts(
      Class<?> type, List<EventSignature.Parameter> parameters, String signature) {
    RecordComponent[] components = type.getRecordComponents();
    if (components.length != parameters.size()) {
      mistakes.add(
          "%s has %d components and its signature %d parameters: signature=%s"
              .formatted(type.getSimpleName(), components.length, parameters.size(), signature));
    }
    List<NestedValueReader> readers = new ArrayList<>();
    for (int i = 0; i < Math.min(components.length, parameters.size()); i++) {
      RecordComponent component = components[i];
      EventSignature.Parameter parameter = parameters.get(i);
      String where = type.getSimpleName() + "." + component.getName();
      if (!sameName(component.getName(), parameter.name())) {
        mistakes.add(
            "%s stands where the signature has another name: parameter=%s"
                .formatted(where, parameter.name()));
      }
      if (parameter.isHashed()) {
        hashed(parameter, component, where).ifPresent(readers::add);
      } else {
        value(parameter.type(), component.getGenericType(), where).ifPresent(readers::add);
      }
    }
    return readers;
  }

  private Optional<NestedValueReader> hashed(
      EventSignature.Parameter parameter, RecordComponent component, String where) {
    Optional<MethodHandle> word = ScalarReaders.hash(component.getType());
    if (word.isEmpty()) {
      mistakes.add(
          MISFIT.formatted(
              where,
              parameter.type(),
              " indexed",
              name(component.getGenericType()),
              "Bytes32, the hash of it"));
    }
    return word.map(handle -> new NestedValueReader.Leaf(handle, false));
  }

  private Optional<NestedValueReader> value(AbiType type, Type java, String where) {
    Optional<NestedValueReader> reader =
        switch (type) {
          case AbiType.Sequence sequence -> elements(sequence, java, where);
          case AbiType.Composite tuple -> tuple(tuple, java, where);
          case AbiType.Whole _, AbiType.FixedBytes _, AbiType.Plain _ -> leaf(type, java, where);
        };
    return reader;
  }

  private Optional<NestedValueReader> leaf(AbiType type, Type java, String where) {
    Optional<MethodHandle> handle =
        java instanceof Class<?> known ? ScalarReaders.find(type, known) : Optional.empty();
    if (handle.isEmpty()) {
      misfit(type, java, where, ScalarReaders.fitting(type));
    }
    return handle.map(found -> new NestedValueReader.Leaf(found, type.isDynamic()));
  }

  private Optional<NestedValueReader> elements(AbiType.Sequence type, Type java, String where) {
    if (!(java instanceof ParameterizedType list && list.getRawType() == List.class)) {
      misfit(type, java, where, fitting(type));
      return Optional.empty();
    }
    Type element = list.getActualTypeArguments()[0];
    Type plain =
        element instanceof Class<?> boxed
            ? MethodType.methodType(boxed).unwrap().returnType()
            : element;
    return value(type.element(), plain, where + "[]")
        .map(reader -> new NestedValueReader.Elements(reader, type));
  }

  private Optional<NestedValueReader> tuple(AbiType.Composite type, Type java, String where) {
    if (!(java instanceof Class<?> record && record.isRecord())) {
      misfit(type, java, where, fitting(type));
      return Optional.empty();
    }
    int known = mistakes.size();
    List<NestedValueReader> parts = parts(record, type.components(), type.toString());
    if (mistakes.size() > known) {
      return Optional.empty();
    }
    return constructor(record)
        .map(constructor ->
            new NestedValueReader.Parts(
                parts,
                type,
                constructor
                    .asSpreader(Object[].class, parts.size())
                    .asType(MethodType.methodType(Object.class, Object[].class))));
  }

  /** Finds the canonical constructor of a record. */
  Optional<MethodHandle> constructor(Class<?> type) {
    Class<?>[] types =
        Stream.of(type.getRecordComponents())
            .map(RecordComponent::getType)
            .toArray(Class<?>[]::new);
    try {
      return Optional.of(
          MethodHandles.privateLookupIn(type, MethodHandles.lookup())
              .findConstructor(type, MethodType.methodType(void.class, types)));
    } catch (ReflectiveOperationException inaccessible) {
      mistakes.add(
          "%s cannot be constructed: error=%s".formatted(type.getSimpleName(), inaccessible));
      return Optional.empty();
    }
  }

  private void misfit(AbiType type, Type java, String where, String fitting) {
    mistakes.add(MISFIT.formatted(where, type, "", name(java), fitting));
  }

  private static String fitting(AbiType type) {
    return switch (type) {
      case AbiType.Sequence(AbiType element, _) -> "List<%s>".formatted(fitting(element));
      case AbiType.Composite _ -> "a record";
      case AbiType.Whole _, AbiType.FixedBytes _, AbiType.Plain _ ->
          ScalarReaders.boxedFitting(type);
    };
  }

  private static String name(Type type) {
    return type instanceof Class<?> known
        ? known.getSimpleName()
        : type.getTypeName().replaceAll("[A-Za-z0-9_]+[.$]", "");
  }

  /**
   * Compares names without outer underscores: Solidity decorates names with them, and some names
   * are reserved words in Java.
   */
  private static boolean sameName(String component, String parameter) {
    return parameter.isEmpty() || bare(component).equals(bare(parameter));
  }

  private static String bare(String name) {
    return name.replaceAll("^_+|_+$", "");
  }
}
