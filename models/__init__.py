"""Object detection with ONNX models: no business words, no database."""
