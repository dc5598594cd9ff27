package dev.millrace.jobs;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.type.TypeFactory;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The type of a step's result, stored beside its JSON, so that a handler need not name it: a class,
 * or a list, set, map or optional of one class. A result whose elements are of several classes has
 * no such type and is refused: a record that holds it names its types.
 *
 * <p>The classes come from our own table, and only records, enums and the values below are made.
 */
final class StoredType {
  private static final String NULL = "null";
  private static final Set<Class<?>> VALUES =
      Set.of(
          String.class,
          Boolean.class,
          Integer.class,
          Long.class,
          Double.class,
          java.math.BigInteger.class,
          java.math.BigDecimal.class,
          java.time.Instant.class,
          java.time.Duration.class,
          java.time.LocalDate.class,
          java.time.LocalDateTime.class,
          java.time.OffsetDateTime.class,
          java.time.ZonedDateTime.class,
          java.util.UUID.class,
          java.net.URI.class,
          byte[].class);

  private StoredType() {}

  /** Returns the text of a value's type. */
  static String of(@Nullable Object value, String what) {
    return switch (value) {
      case null -> NULL;
      case List<?> list -> "list " + element(list, what);
      case Set<?> set -> "set " + element(set, what);
      case Map<?, ?> map -> {
        for (Object key : map.keySet()) {
          if (!(key instanceof String)) {
            throw refused(what, "its map has keys that are no texts");
          }
        }
        yield "map " + element(map.values(), what);
      }
      case Optional<?> optional -> "optional " + element(optional.stream().toList(), what);
      default -> name(value.getClass(), what);
    };
  }

  private static String element(Collection<?> elements, String what) {
    String found = NULL;
    for (Object element : elements) {
      String type = of(element, what);
      if (!found.equals(NULL) && !type.equals(found)) {
        throw refused(what, "its elements are of several types: %s, %s".formatted(found, type));
      }
      if (type.equals(NULL)) {
        throw refused(what, "it has an element that is null");
      }
      found = type;
    }
    return found;
  }

  private static String name(Class<?> type, String what) {
    Class<?> known = type.isEnum() || !isConstant(type) ? type : type.getSuperclass();
    if (!isAllowed(known)) {
      throw refused(what, "%s is no record, enum, text, number or time".formatted(known.getName()));
    }
    return known.getName();
  }

  /** A constant of an enum with a body has a class of its own. */
  private static boolean isConstant(Class<?> type) {
    Class<?> parent = type.getSuperclass();
    return parent != null && parent.isEnum();
  }

  private static boolean isAllowed(Class<?> type) {
    return type.isRecord() || type.isEnum() || VALUES.contains(type);
  }

  private static MillraceException refused(String what, String reason) {
    return new MillraceException(
        Remedy.FIX_HANDLER,
        "%s cannot be stored: %s; return a record that holds it".formatted(what, reason));
  }

  /** Returns the type that a text names. */
  static JavaType parse(String text, ClassLoader loader, String what) {
    TypeFactory types = JobJson.mapper().getTypeFactory();
    List<String> words = new ArrayList<>(List.of(text.split(" ")));
    String last = words.removeLast();
    JavaType type =
        types.constructType(last.equals(NULL) ? Object.class : load(last, loader, what));
    for (String word : words.reversed()) {
      JavaType element = type;
      type =
          switch (word) {
            case "list" -> types.constructCollectionType(List.class, element);
            case "set" -> types.constructCollectionType(Set.class, element);
            case "map" ->
                types.constructMapType(
                    LinkedHashMap.class, types.constructType(String.class), element);
            case "optional" -> types.constructReferenceType(Optional.class, element);
            default -> throw unknown(what, text, null);
          };
    }
    return type;
  }

  private static Class<?> load(String name, ClassLoader loader, String what) {
    try {
      Class<?> type = Class.forName(name, false, loader);
      if (isAllowed(type)) {
        return type;
      }
      throw unknown(what, name, null);
    } catch (ClassNotFoundException gone) {
      throw unknown(what, name, gone);
    }
  }

  private static MillraceException unknown(String what, String name, @Nullable Throwable cause) {
    return new MillraceException(
        Remedy.FIX_HANDLER,
        "%s was stored with a type that is not there any more: type=%s; raise the job's version"
            .formatted(what, name),
        cause);
  }
}
