package dev.millrace.loaders;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A record whose instances are rows of one table, named after it in snake case. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Entity {
  /** An immutable row is saved once and never changed or deleted by a handler. */
  boolean immutable() default false;

  /** The table's name, where the snake case of the record's name does not fit. */
  String table() default "";

  Storage storage() default Storage.CONFIGURED;
}
