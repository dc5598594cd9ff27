package dev.millrace.abi;

import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * Reads a value inside an array or a tuple: the head at its offset, and the data behind the heads
 * of its frame.
 */
sealed interface NestedValueReader {
  Object read(NestedDecodeState log, int frame, int at);

  /** A value without parts, read as at the top level. */
  record Leaf(MethodHandle handle, MethodHandle boxed, boolean dynamic)
      implements NestedValueReader {
    Leaf(MethodHandle handle, boolean dynamic) {
      this(handle, handle.asType(handle.type().changeReturnType(Object.class)), dynamic);
    }

    @Override
    public Object read(NestedDecodeState log, int frame, int at) {
      byte[] words = log.words();
      int length = log.length();
      if (dynamic) {
        int from = AbiWordReader.tail(words, length, frame, at, AbiType.WORD) + AbiType.WORD;
        log.spend(AbiType.WORD + AbiWordReader.tailLength(words, length, from));
      }
      return invoke(() -> (Object) boxed.invokeExact(words, length, frame, at));
    }
  }

  /** An array, as an immutable list. */
  record Elements(NestedValueReader element, AbiType.Sequence type, int size)
      implements NestedValueReader {
    Elements(NestedValueReader element, AbiType.Sequence type) {
      this(element, type, type.element().headBytes());
    }

    @Override
    public Object read(NestedDecodeState log, int frame, int at) {
      int count = type.count();
      int heads = at;
      if (type.isOpen()) {
        int tail = AbiWordReader.tail(log.words(), log.length(), frame, at, AbiType.WORD);
        heads = tail + AbiType.WORD;
        count = AbiWordReader.count(log.words(), tail, (log.length() - heads) / size);
      } else if (type.isDynamic()) {
        heads = AbiWordReader.tail(log.words(), log.length(), frame, at, count * size);
      }
      log.spend(AbiType.WORD + count * size);
      Object[] elements = new Object[count];
      for (int i = 0; i < count; i++) {
        elements[i] = element.read(log, heads, heads + i * size);
      }
      return List.of(elements);
    }
  }

  /** A tuple, as a record. */
  record Parts(List<NestedValueReader> parts, AbiType.Composite type, MethodHandle constructor)
      implements NestedValueReader {
    @Override
    public Object read(NestedDecodeState log, int frame, int at) {
      int size = 0;
      for (EventSignature.Parameter component : type.components()) {
        size += component.type().headBytes();
      }
      int heads =
          type.isDynamic() ? AbiWordReader.tail(log.words(), log.length(), frame, at, size) : at;
      log.spend(size);
      Object[] values = new Object[parts.size()];
      int head = heads;
      for (int i = 0; i < values.length; i++) {
        values[i] = parts.get(i).read(log, heads, head);
        head += type.components().get(i).type().headBytes();
      }
      return invoke(() -> (Object) constructor.invokeExact(values));
    }
  }

  /**
   * A call whose exceptions become {@link UndecodableException}s in {@link
   * NestedValueReader#invoke}.
   */
  interface Call {
    Object value() throws Throwable;
  }

  static Object invoke(Call call) {
    try {
      return call.value();
    } catch (UndecodableException | Error thrown) {
      throw thrown;
    } catch (Throwable refused) {
      throw new UndecodableException("record refuses its parameters: error=" + refused, refused);
    }
  }
}
