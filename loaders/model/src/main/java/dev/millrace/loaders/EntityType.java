package dev.millrace.loaders;

import java.lang.invoke.MethodHandle;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The definition of one entity: its table, its columns, and how an instance is taken apart and
 * created.
 */
public final class EntityType<E> {
  private static final int OBJECT_HEADER = 12;

  private final Class<E> type;
  private final Attributes traits;
  private final List<EntityColumn> columns;
  private final List<EntityColumn> ids;
  private final MethodHandle constructor;
  private final EntityColumn[] checked;

  /** Columns of the id that have no fixed length. */
  private final EntityColumn[] openKeys;

  private final EntityColumn[] sized;
  private final int fixedBytes;

  /** Properties of an entity as a whole. */
  record Attributes(String table, boolean immutable, Storage storage, MirrorLayout layout) {}

  EntityType(
      Class<E> type, Attributes traits, List<EntityColumn> columns, MethodHandle constructor) {
    this.type = type;
    this.traits = traits;
    this.columns = List.copyOf(columns);
    this.ids = columns.stream().filter(EntityColumn::isId).toList();
    this.constructor = constructor;
    this.openKeys =
        ids.stream().filter(id -> IndexKeyLimit.isOpen(id.type())).toArray(EntityColumn[]::new);
    this.checked = columns.stream().filter(column -> !isPlain(column)).toArray(EntityColumn[]::new);
    this.sized = columns.stream().filter(column -> !isFixed(column)).toArray(EntityColumn[]::new);
    this.fixedBytes =
        ((OBJECT_HEADER + columns.stream().mapToInt(EntityType::fieldBytes).sum() + 7) & ~7)
            + columns.stream().filter(EntityType::isFixed).mapToInt(EntityType::valueBytes).sum();
  }

  /** Reads a definition and reports all its mistakes together. */
  public static <E> EntityType<E> of(Class<E> type) {
    List<String> mistakes = new ArrayList<>();
    Optional<EntityType<E>> read = read(type, mistakes);
    return read.orElseThrow(() -> new DefinitionException(type.getSimpleName(), mistakes));
  }

  /** Reads a definition and adds its mistakes to a list; empty if there were any. */
  public static <E> Optional<EntityType<E>> read(Class<E> type, List<String> mistakes) {
    return new EntityTypeReader<>(type, mistakes).read();
  }

  /** Returns this entity with another layout in ClickHouse. */
  public EntityType<E> laidOut(MirrorLayout other) {
    return new EntityType<>(
        type,
        new Attributes(traits.table, traits.immutable, traits.storage, other),
        columns,
        constructor);
  }

  /** The record's simple name. */
  public String name() {
    return type.getSimpleName();
  }

  /** The table's name, not quoted. */
  public String table() {
    return traits.table;
  }

  public Class<E> type() {
    return type;
  }

  public boolean isImmutable() {
    return traits.immutable;
  }

  /** The stores that the definition asks for; the configuration decides the rest. */
  public Storage storage() {
    return traits.storage;
  }

  /** The layout in ClickHouse. */
  public MirrorLayout layout() {
    return traits.layout;
  }

  /** Returns this entity with more or less of its history in the mirror. */
  public EntityType<E> withVersions(Versions versions) {
    MirrorLayout layout = traits.layout;
    return laidOut(new MirrorLayout(versions, layout.order(), layout.partition(), layout.ttl()));
  }

  public List<EntityColumn> columns() {
    return columns;
  }

  /** The columns of the id, in the order of the record. */
  public List<EntityColumn> ids() {
    return ids;
  }

  public Optional<EntityColumn> column(String name) {
    return columns.stream().filter(column -> column.name().equals(name)).findFirst();
  }

  /** The id of an entity: the value itself, or a {@link CompositeId}. */
  public Object id(E entity) {
    if (ids.size() == 1) {
      return present(ids.getFirst().value(entity));
    }
    List<Object> parts = new ArrayList<>(ids.size());
    for (EntityColumn id : ids) {
      parts.add(present(id.value(entity)));
    }
    return new CompositeId(parts);
  }

  /** The parts of an id, one per id column. */
  public List<Object> parts(Object id) {
    return id instanceof CompositeId(List<Object> parts) ? parts : List.of(id);
  }

  /** Builds an id from the parts that a handler passed. */
  public Object id(Object... parts) {
    if (ids.size() == 1 && parts.length == 1) {
      return idPart(ids.getFirst(), parts[0]);
    }
    if (parts.length != ids.size()) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "id has the wrong number of parts: entity=%s expected=%s given=%d"
              .formatted(name(), ids, parts.length));
    }
    List<Object> checkedParts = new ArrayList<>(parts.length);
    for (int i = 0; i < parts.length; i++) {
      checkedParts.add(idPart(ids.get(i), parts[i]));
    }
    return new CompositeId(checkedParts);
  }

  private Object idPart(EntityColumn column, @Nullable Object part) {
    return operand(column, part);
  }

  /** Brings a value that a handler compares with a column into canonical form. */
  Object operand(EntityColumn column, @Nullable Object value) {
    if (value == null) {
      throw refused(column, "value is null", null);
    }
    Object typed =
        value instanceof Integer number && column.type() == ColumnType.Scalar.LONG
            ? (Object) number.longValue()
            : value;
    if (!column.type().boxed().isInstance(typed)) {
      throw refused(
          column,
          "value has the wrong type: expected=%s given=%s"
              .formatted(column.type().boxed().getSimpleName(), value.getClass().getSimpleName()),
          null);
    }
    try {
      return column.type().canonical(typed);
    } catch (IllegalArgumentException wrong) {
      throw refused(column, String.valueOf(wrong.getMessage()), wrong);
    }
  }

  /**
   * True if two rows of one id hold the same values. The record's own {@code equals} is not called:
   * it may compare the id alone.
   */
  public boolean isSame(E left, E right) {
    for (EntityColumn column : columns) {
      if (!column.isId() && !Objects.equals(column.value(left), column.value(right))) {
        return false;
      }
    }
    return true;
  }

  /** Returns the entity in canonical form; the same instance if it already is. */
  @SuppressWarnings(
      "ReferenceEquality") // an equal list may still be one that the handler can change
  public E canonical(E entity) {
    @Nullable Object @Nullable [] changed = null;
    for (EntityColumn column : checked) {
      Object value = column.value(entity);
      if (value == null) {
        if (!column.isNullable()) {
          throw refused(column, "value is null", null);
        }
        continue;
      }
      Object canonical = canonical(column, value);
      if (canonical != value) {
        changed = changed == null ? values(entity) : changed;
        changed[column.position()] = canonical;
      }
    }
    checkKey(entity);
    return changed == null ? entity : createCanonical(changed);
  }

  private void checkKey(E entity) {
    int length = 0;
    for (EntityColumn id : openKeys) {
      length += IndexKeyLimit.of(id.value(entity));
    }
    int most = IndexKeyLimit.most(ids.size() - openKeys.length);
    if (length > most) {
      throw refused(openKeys[0], "id is too long: bytes=%d most=%d".formatted(length, most), null);
    }
  }

  /** Creates an entity and checks that it holds these values unchanged. */
  private E createCanonical(@Nullable Object[] values) {
    E entity = create(values);
    for (EntityColumn column : checked) {
      if (!isKept(values[column.position()], column.value(entity))) {
        throw refused(column, "its constructor changes what the column would keep", null);
      }
    }
    return entity;
  }

  @SuppressWarnings("ReferenceEquality") // a copy of a list that cannot change is the list itself
  private static boolean isKept(@Nullable Object given, @Nullable Object kept) {
    return Objects.equals(given, kept)
        && (!(kept instanceof List<?> list) || List.copyOf(list) == list);
  }

  private Object canonical(EntityColumn column, Object value) {
    try {
      if (column.isUnsigned()) {
        checkSign(value);
      }
      return column.type().canonical(value);
    } catch (IllegalArgumentException wrong) {
      throw refused(column, String.valueOf(wrong.getMessage()), wrong);
    }
  }

  private static void checkSign(Object value) {
    if (value instanceof BigInteger number && number.signum() < 0) {
      throw new IllegalArgumentException(
          "integer must not be negative: bits=" + number.bitLength());
    }
    if (value instanceof List<?> list) {
      list.forEach(EntityType::checkSign);
    }
  }

  private MillraceException refused(EntityColumn column, String why, @Nullable Throwable cause) {
    return new MillraceException(
        Remedy.FIX_HANDLER,
        "value is refused: entity=%s field=%s reason=\"%s\"".formatted(name(), column.name(), why),
        cause);
  }

  /** All values of an entity by column position. */
  public @Nullable Object[] values(E entity) {
    @Nullable Object[] values = new @Nullable Object[columns.size()];
    for (EntityColumn column : columns) {
      values[column.position()] = column.value(entity);
    }
    return values;
  }

  /** Creates an entity from values by column position, each in canonical form. */
  public E create(@Nullable Object[] values) {
    try {
      return type.cast((Object) constructor.invokeExact(values));
    } catch (Throwable thrown) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "record refuses a row: entity=%s error=%s".formatted(name(), thrown),
          thrown);
    }
  }

  /** Heap that one instance takes, within a quarter. */
  public int bytes(E entity) {
    int total = fixedBytes;
    for (EntityColumn column : sized) {
      Object value = column.value(entity);
      if (value != null) {
        total += column.type().bytes(value);
      }
    }
    return total;
  }

  /** Heap that an id alone takes. */
  public int idBytes(Object id) {
    int total = 0;
    List<Object> parts = parts(id);
    for (int i = 0; i < parts.size(); i++) {
      total += Math.max(16, ids.get(i).type().bytes(parts.get(i)));
    }
    return total;
  }

  /** Bytes that a component takes in the record itself, with compressed references. */
  private static int fieldBytes(EntityColumn column) {
    boolean wide =
        column.type() == ColumnType.Scalar.LONG || column.type() == ColumnType.Scalar.DOUBLE;
    return column.isPrimitive() && wide ? 8 : 4;
  }

  private static boolean isPlain(EntityColumn column) {
    return column.isPrimitive() && column.type() != ColumnType.Scalar.DOUBLE;
  }

  /** True if every value takes the same space, so that no value has to be read to measure it. */
  private static boolean isFixed(EntityColumn column) {
    return column.isPrimitive()
        || column.type() instanceof ColumnType.Enumerated
        || (valueBytes(column) > 0 && !column.isNullable());
  }

  /** Bytes that a value of a fixed-size type takes beside the record. */
  private static int valueBytes(EntityColumn column) {
    if (column.type() == ColumnType.Scalar.ADDRESS) {
      return ColumnType.Scalar.ADDRESS.bytes(Address.ZERO);
    }
    return column.type() == ColumnType.Scalar.BYTES32
        ? ColumnType.Scalar.BYTES32.bytes(Bytes32.ZERO)
        : 0;
  }

  private static Object present(@Nullable Object part) {
    if (part == null) {
      throw new MillraceException(Remedy.FIX_HANDLER, "id must not be null");
    }
    return part;
  }

  @Override
  public String toString() {
    return name();
  }
}
