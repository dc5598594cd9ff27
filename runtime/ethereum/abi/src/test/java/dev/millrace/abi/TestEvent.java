package dev.millrace.abi;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

/** Gives a record of a test its signature. */
@Retention(RetentionPolicy.RUNTIME)
@interface TestEvent {
  String value();
}
