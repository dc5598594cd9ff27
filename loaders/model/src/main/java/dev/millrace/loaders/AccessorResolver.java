package dev.millrace.loaders;

import java.lang.invoke.SerializedLambda;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** Resolves accessors to columns, once per place in the code where an accessor is written. */
final class AccessorResolver {
  private static final Map<Class<?>, String> NAMES = new ConcurrentHashMap<>();

  private AccessorResolver() {}

  static EntityColumn column(EntityType<?> type, Field<?, ?> field) {
    String name = NAMES.computeIfAbsent(field.getClass(), _ -> name(type, field));
    EntityColumn column = type.column(name).orElseThrow(() -> unknown(type, "field=" + name));
    if (!column.type().isComparable()) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "field cannot be compared: entity=%s field=%s type=%s"
              .formatted(type, name, column.type()));
    }
    return column;
  }

  private static String name(EntityType<?> type, Field<?, ?> field) {
    try {
      Method replace = field.getClass().getDeclaredMethod("writeReplace");
      replace.setAccessible(true);
      SerializedLambda lambda = (SerializedLambda) replace.invoke(field);
      String owner = lambda.getImplClass().replace('/', '.');
      if (!owner.equals(type.type().getName())) {
        throw unknown(type, "accessor=" + owner + "::" + lambda.getImplMethodName());
      }
      return lambda.getImplMethodName();
    } catch (ReflectiveOperationException | ClassCastException notALambda) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "field must be given as an accessor, as in %s::%s: given=%s"
              .formatted(type, type.columns().getFirst(), field.getClass().getName()),
          notALambda);
    }
  }

  private static MillraceException unknown(EntityType<?> type, String given) {
    String known = type.columns().stream().map(EntityColumn::name).collect(Collectors.joining(","));
    return new MillraceException(
        Remedy.FIX_HANDLER,
        "entity has no such field: entity=%s %s known=%s".formatted(type, given, known));
  }
}
