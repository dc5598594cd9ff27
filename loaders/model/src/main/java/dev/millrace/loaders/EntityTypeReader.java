package dev.millrace.loaders;

import java.lang.annotation.Annotation;
import java.lang.invoke.CallSite;
import java.lang.invoke.LambdaMetafactory;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Builds an {@link EntityType} from an annotated record and collects every mistake. */
final class EntityTypeReader<E> {
  private static final int MAX_NAME = 63;
  private static final int MAX_COLUMNS = 500;

  /** The key column of every table, and PostgreSQL's system columns. */
  private static final Set<String> RESERVED =
      Set.of("chain", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid");

  private static final Map<Class<?>, Class<?>> BOXES =
      Map.of(
          boolean.class,
          Boolean.class,
          int.class,
          Integer.class,
          long.class,
          Long.class,
          double.class,
          Double.class);
  private static final Map<Class<?>, ColumnType.Scalar> SCALARS =
      Stream.of(ColumnType.Scalar.values())
          .collect(Collectors.toUnmodifiableMap(ColumnType.Scalar::boxed, Function.identity()));

  private final Class<E> type;
  private final List<String> mistakes;
  private final int known;

  EntityTypeReader(Class<E> type, List<String> mistakes) {
    this.type = type;
    this.mistakes = mistakes;
    this.known = mistakes.size();
  }

  Optional<EntityType<E>> read() {
    Entity entity = type.getAnnotation(Entity.class);
    if (entity == null) {
      wrong("is not annotated with @Entity");
    }
    RecordComponent[] components = type.getRecordComponents();
    if (components == null) {
      wrong("is not a record");
    }
    if (entity == null || components == null) {
      return Optional.empty();
    }
    String table =
        entity.table().isEmpty() ? SnakeCaseNames.of(type.getSimpleName()) : entity.table();
    checkTable(table);
    List<EntityColumn> columns = columns(components);
    MirrorLayout layout = layout(columns, entity.immutable());
    if (mistakes.size() > known) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new EntityType<>(
              type,
              new EntityType.Attributes(table, entity.immutable(), entity.storage(), layout),
              columns,
              constructor(components)));
    } catch (ReflectiveOperationException inaccessible) {
      wrong("cannot be constructed: error=" + inaccessible);
      return Optional.empty();
    }
  }

  private MirrorLayout layout(List<EntityColumn> columns, boolean immutable) {
    MirrorOptions mirrored = type.getAnnotation(MirrorOptions.class);
    if (mirrored == null) {
      return new MirrorLayout(Versions.ALL, List.of(), "", "");
    }
    List<EntityColumn> order = new ArrayList<>();
    for (String name : mirrored.order()) {
      columns.stream()
          .filter(column -> column.name().equals(name))
          .findFirst()
          .ifPresentOrElse(
              column -> addOrder(column, order),
              () -> wrong("is ordered by a component that it does not have: component=" + name));
    }
    if (!mirrored.ttl().isEmpty() && !immutable) {
      wrong("has a ttl and is mutable: what is newest may expire first, and older rows come back");
    }
    return new MirrorLayout(mirrored.versions(), order, mirrored.partition(), mirrored.ttl());
  }

  private void addOrder(EntityColumn column, List<EntityColumn> order) {
    if (column.isNullable() || !column.type().isComparable()) {
      wrong("is ordered by a component that has no order: component=" + column.name());
    }
    if (order.contains(column)) {
      wrong("is ordered by a component twice: component=" + column.name());
    }
    order.add(column);
  }

  private void checkTable(String table) {
    if (table.startsWith("millrace_")) {
      wrong("has a table whose name is reserved: table=" + table);
    }
    checkLength("table", table);
  }

  private void checkLength(String kind, String name) {
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_NAME) {
      wrong(
          "has a name longer than %d bytes: %s=%s bytes=%d".formatted(MAX_NAME, kind, name, bytes));
    }
  }

  private List<EntityColumn> columns(RecordComponent[] components) {
    List<EntityColumn> columns = new ArrayList<>();
    Set<String> names = new HashSet<>();
    int ids = 0;
    for (RecordComponent component : components) {
      ids += component.isAnnotationPresent(Id.class) ? 1 : 0;
      read(component, columns.size()).ifPresent(columns::add);
      String sql = SnakeCaseNames.of(component.getName());
      checkLength("column", sql);
      if (RESERVED.contains(sql) || sql.startsWith("_") || sql.startsWith("millrace_")) {
        wrong(component, "takes a reserved column name: column=" + sql + why(sql));
      }
      if (!names.add(sql)) {
        wrong(component, "takes a column name twice: column=" + sql);
      }
    }
    if (ids == 0) {
      wrong("has no component annotated with @Id");
    }
    if (components.length > MAX_COLUMNS) {
      wrong(
          "has too many components: most=%d components=%d"
              .formatted(MAX_COLUMNS, components.length));
    }
    return columns;
  }

  /** Explains why chains cannot share rows: each chain is rewound alone. */
  private static String why(String reserved) {
    return reserved.equals("chain")
        ? "; every key begins with the chain of its lane already, because lanes run side by side and"
            + " rewind alone, so that chains share no row"
        : "";
  }

  private Optional<EntityColumn> read(RecordComponent component, int position) {
    ColumnType columnType = columnType(component);
    if (columnType == null) {
      return Optional.empty();
    }
    boolean id = component.isAnnotationPresent(Id.class);
    boolean indexed = component.isAnnotationPresent(Index.class);
    boolean nullable = isNullable(component);
    if (id && nullable) {
      wrong(component, "is an id and must not be @Nullable");
    }
    if (nullable && component.getType().isPrimitive()) {
      wrong(component, "is primitive and cannot be @Nullable");
    }
    if (id && (!columnType.isComparable() || columnType == ColumnType.Scalar.DOUBLE)) {
      wrong(
          component,
          "has a type that cannot be an id: type=" + shortName(component.getGenericType()));
    }
    if (indexed && !columnType.isComparable()) {
      wrong(
          component,
          "has a type that cannot be indexed: type=" + shortName(component.getGenericType()));
    }
    boolean unsigned = component.isAnnotationPresent(Unsigned.class);
    if (unsigned && !isInteger(columnType)) {
      wrong(component, "is annotated with @Unsigned and is no BigInteger");
    }
    Codec codec = component.getAnnotation(Codec.class);
    try {
      return Optional.of(
          new EntityColumn(
              component.getName(),
              columnType,
              position,
              new EntityColumn.Attributes(
                  nullable,
                  id,
                  indexed,
                  component.getType().isPrimitive(),
                  unsigned,
                  codec == null ? "" : codec.value()),
              accessor(component)));
    } catch (ReflectiveOperationException inaccessible) {
      wrong(component, "cannot be read: error=" + inaccessible);
      return Optional.empty();
    }
  }

  private static boolean isInteger(ColumnType type) {
    return type == ColumnType.Scalar.BIG_INTEGER
        || (type instanceof ColumnType.ListOf list && isInteger(list.element()));
  }

  private @Nullable ColumnType columnType(RecordComponent component) {
    Scale scale = component.getAnnotation(Scale.class);
    if (scale != null && component.getType() != BigDecimal.class) {
      wrong(component, "is annotated with @Scale and is no BigDecimal");
    }
    int places = scale == null ? 18 : scale.value();
    if (places < 0 || places > 38) {
      wrong(component, "has a scale outside 0 to 38: scale=" + places);
    }
    ColumnType found = columnType(component.getGenericType(), places);
    if (found == null) {
      wrong(
          component,
          "has a type that no column can hold: type=%s known=%s"
              .formatted(
                  shortName(component.getGenericType()),
                  "boolean int long double String Instant BigInteger BigDecimal Address Bytes32 Bytes EventId"
                      + " enum Json, lists of them"));
    }
    return found;
  }

  private static @Nullable ColumnType columnType(Type type, int scale) {
    if (type instanceof Class<?> plain) {
      Class<?> boxed = BOXES.getOrDefault(plain, plain);
      if (boxed == BigDecimal.class) {
        return new ColumnType.Decimal(scale);
      }
      if (boxed.isEnum()) {
        @SuppressWarnings("unchecked")
        Class<? extends Enum<?>> constants = (Class<? extends Enum<?>>) boxed;
        return new ColumnType.Enumerated(constants);
      }
      return SCALARS.get(boxed);
    }
    if (type instanceof ParameterizedType list && list.getRawType() == List.class) {
      ColumnType element = columnType(list.getActualTypeArguments()[0], scale);
      return element == null || element instanceof ColumnType.ListOf
          ? null
          : new ColumnType.ListOf(element);
    }
    return null;
  }

  private static boolean isNullable(RecordComponent component) {
    return Stream.concat(
            Stream.of(component.getAnnotatedType().getAnnotations()),
            Stream.of(component.getAnnotations()))
        .map(Annotation::annotationType)
        .anyMatch(annotation -> annotation.getSimpleName().equals("Nullable"));
  }

  private EntityColumn.Accessor accessor(RecordComponent component)
      throws ReflectiveOperationException {
    MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(type, MethodHandles.lookup());
    MethodHandle handle = lookup.unreflect(component.getAccessor());
    if (!lookup.hasFullPrivilegeAccess()) {
      Function<Object, @Nullable Object> value =
          called(handle.asType(MethodType.methodType(Object.class, Object.class)));
      return new EntityColumn.Accessor(value, row -> bits(value.apply(row)));
    }
    Class<?> kind = component.getType();
    @SuppressWarnings("unchecked")
    Function<Object, @Nullable Object> value =
        (Function<Object, @Nullable Object>)
            lambda(
                lookup,
                handle,
                new Shape(Function.class, "apply", Object.class),
                BOXES.getOrDefault(kind, kind));
    return new EntityColumn.Accessor(value, bits(lookup, handle, kind));
  }

  /** The single method of a functional interface. */
  private record Shape(Class<?> function, String method, Class<?> result) {}

  private Object lambda(
      MethodHandles.Lookup lookup, MethodHandle accessor, Shape shape, Class<?> result)
      throws ReflectiveOperationException {
    try {
      CallSite site =
          LambdaMetafactory.metafactory(
              lookup,
              shape.method,
              MethodType.methodType(shape.function),
              MethodType.methodType(shape.result, Object.class),
              accessor,
              MethodType.methodType(result, type));
      return site.getTarget().invoke();
    } catch (Throwable failed) {
      throw new ReflectiveOperationException(failed);
    }
  }

  @SuppressWarnings("unchecked")
  private ToLongFunction<Object> bits(
      MethodHandles.Lookup lookup, MethodHandle accessor, Class<?> kind)
      throws ReflectiveOperationException {
    if (kind == long.class || kind == int.class) {
      Shape shape = new Shape(ToLongFunction.class, "applyAsLong", long.class);
      return (ToLongFunction<Object>) lambda(lookup, accessor, shape, long.class);
    }
    if (kind == boolean.class) {
      Shape shape = new Shape(Predicate.class, "test", boolean.class);
      Predicate<Object> truth = (Predicate<Object>) lambda(lookup, accessor, shape, boolean.class);
      return row -> truth.test(row) ? 1 : 0;
    }
    if (kind == double.class) {
      Shape shape = new Shape(ToDoubleFunction.class, "applyAsDouble", double.class);
      ToDoubleFunction<Object> number =
          (ToDoubleFunction<Object>) lambda(lookup, accessor, shape, double.class);
      return row -> Double.doubleToLongBits(number.applyAsDouble(row));
    }
    return _ -> bits(null);
  }

  private static long bits(@Nullable Object value) {
    return switch (value) {
      case Long number -> number;
      case Integer number -> number;
      case Double number -> Double.doubleToLongBits(number);
      case Boolean truth -> truth ? 1 : 0;
      case null, default -> throw new IllegalStateException("component is not primitive");
    };
  }

  /**
   * Calls the accessor by its handle: across class loaders no lambda can be made with the record's
   * access. Slower by a few nanoseconds.
   */
  private static Function<Object, @Nullable Object> called(MethodHandle accessor) {
    return row -> {
      try {
        return (Object) accessor.invokeExact(row);
      } catch (RuntimeException | Error thrown) {
        throw thrown;
      } catch (Throwable checked) {
        throw new IllegalStateException("accessor must not throw: error=" + checked, checked);
      }
    };
  }

  private MethodHandle constructor(RecordComponent[] components)
      throws ReflectiveOperationException {
    Class<?>[] types = Stream.of(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    return MethodHandles.privateLookupIn(type, MethodHandles.lookup())
        .findConstructor(type, MethodType.methodType(void.class, types))
        .asSpreader(Object[].class, types.length)
        .asType(MethodType.methodType(Object.class, Object[].class));
  }

  private static String shortName(Type type) {
    return type instanceof Class<?> plain
        ? plain.getSimpleName()
        : type.getTypeName().replaceAll("[a-z0-9_]+\\.", "");
  }

  private void wrong(String what) {
    mistakes.add(type.getSimpleName() + " " + what);
  }

  private void wrong(RecordComponent component, String what) {
    mistakes.add(type.getSimpleName() + "." + component.getName() + " " + what);
  }
}
