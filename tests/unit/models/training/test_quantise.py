"""Which nodes an int8 model keeps in float."""

from onnx import TensorProto, helper

from models.training.quantise import float_nodes


def test_the_head_stays_in_float_but_for_its_inner_convolutions() -> None:
    """Boxes in pixels and scores near 0 share one tensor at the end; eight bits cannot tell both."""
    names = [
        "/model.1/conv/Conv",
        "/model.24/cv2.0/cv2.0.0/conv/Conv",
        "/model.24/cv2.0/cv2.0.2/Conv",
        "/model.24/cv3.1/cv3.1.1/act/Mul",
        "/model.24/dfl/Softmax",
        "/model.24/Concat_26",
    ]
    nodes = [
        helper.make_node("Identity", [f"t{n}"], [f"t{n + 1}"], name=name)
        for n, name in enumerate(names)
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])
        for name in ("t0", f"t{len(names)}")
    ]
    graph = helper.make_graph(nodes, "head", ends[:1], ends[1:])
    assert float_nodes(graph) == [names[2], names[4], names[5]]
