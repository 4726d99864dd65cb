import Adjoint
import AdjointLearning

/// Layers, whose parameters take the numbers of PyTorch's, and losses.
extension OpInfoTable {
  /// A function of rows with the channels last, for those with the channels behind the batch.
  private static func channelsLast(_ x: Value, _ f: (Value) -> Value) -> Value {
    x.shape.rank < 3 ? f(x) : f(x.moveAxis(from: 1, to: -1)).moveAxis(from: -1, to: 1)
  }

  static var layers: [OpInfoEntry] {
    [
      own("nn.functional.linear") { call in
        let (x, weight) = (try call.x, try call.tensor(1, "weight"))
        let bias = try call.optionalTensor(2, "bias")
        guard weight.shape.rank == 2 else { throw OpInfoCall.LeftOut("weights of another rank") }
        let layer = Linear(weight: Parameter(weight.value), bias: bias.map { Parameter($0.value) })
        try call.replace(1, "weight", by: layer.weight)
        try call.replace(2, "bias", by: layer.bias)
        return layer(x)
      },
      own("nn.functional.embedding") { call in
        let (index, table) = (try call.tensor(1, "input"), try call.x)
        guard let padding = try call.optionalInt(2, "padding_idx") else { return table.gather(index) }
        var generator = Generator(seed: 1)
        let rows = table.shape[0]
        let layer = Embedding<Double>(
          rows, table.shape[1], padding: padding < 0 ? padding + rows : padding, using: &generator)
        try call.replace(0, "weight", by: layer.weight)
        return layer(index)
      },
      own("nn.functional.layer_norm") { call in
        let (x, shape, epsilon) = (
          try call.x, Shape(try call.list(1, "normalized_shape")), try call.number(4, "eps", 1e-5)
        )
        guard epsilon >= 0, shape.elementCount > 0 else {
          let y = call.composed { layerNorm(x, axes: shape.rank, epsilon: epsilon) }
          let scaled = try call.optionalTensor(2, "weight").map { y * $0 } ?? y
          return try call.optionalTensor(3, "bias").map { scaled + $0 } ?? scaled
        }
        let layer = LayerNorm<Double>(shape: shape, epsilon: epsilon)
        try call.replace(2, "weight", by: layer.scale)
        try call.replace(3, "bias", by: layer.shift)
        return layer(x)
      },
      own("nn.functional.rms_norm") { call in
        let (x, shape) = (try call.x, Shape(try call.list(1, "normalized_shape")))
        let epsilon = try call.number(3, "eps", Double.ulpOfOne)
        let rows = shape.rank == 1 ? x : call.composed { x.flatten(from: x.shape.rank - shape.rank) }
        guard epsilon >= 0, shape.rank == 1, shape.elementCount > 0 else {
          let y = call.composed { rows / (rows.square().mean(axes: [-1], keepingDimensions: true) + epsilon).sqrt() }
          let back = y.reshape(to: x.shape)
          return try call.optionalTensor(2, "weight").map { back * $0 } ?? back
        }
        let layer = RMSNorm<Double>(shape.elementCount, epsilon: epsilon)
        try call.replace(2, "weight", by: layer.scale)
        return layer(x)
      },
      own("nn.functional.group_norm") { call in
        let (x, groups, epsilon) = (try call.x, try call.int(1, "num_groups"), try call.number(4, "eps", 1e-5))
        guard epsilon >= 0 else {
          let y = call.composed { channelsLast(x) { groupNorm($0, groups: groups, epsilon: epsilon) } }
          let channels = Shape([x.shape[1]] + x.shape.dropFirst(2).map { _ in 1 })
          let scaled = try call.optionalTensor(2, "weight").map { y * $0.reshape(to: channels) } ?? y
          return try call.optionalTensor(3, "bias").map { scaled + $0.reshape(to: channels) } ?? scaled
        }
        let layer = GroupNorm<Double>(groups, x.shape[1], epsilon: epsilon)
        try call.replace(2, "weight", by: layer.scale)
        try call.replace(3, "bias", by: layer.shift)
        return channelsLast(x) { layer($0) }
      },
      own("nn.functional.instance_norm") { call in
        let (x, epsilon) = (try call.x, try call.number(7, "eps", 1e-5))
        guard call.flag(5, "use_input_stats", true) else { throw OpInfoCall.LeftOut("statistics that are given") }
        call.ignore((1, "running_mean"), (2, "running_var"), (6, "momentum"))
        let layer = InstanceNorm<Double>(x.shape[1], epsilon: epsilon, affine: true)
        try call.replace(3, "weight", by: layer.scale)
        try call.replace(4, "bias", by: layer.shift)
        return channelsLast(x) { layer($0) }
      },
      own("nn.functional.batch_norm") { call in
        let (x, epsilon) = (try call.x, try call.number(7, "eps", 1e-5))
        guard x.shape.rank > 1 else { throw OpInfoCall.LeftOut("no channels") }
        _ = call.flag(5, "training")
        call.ignore((6, "momentum"))
        let layer = BatchNorm<Double>(x.shape[1], epsilon: epsilon)
        try call.replace(1, "running_mean", by: layer.runningMean)
        try call.replace(2, "running_var", by: layer.runningVariance)
        try call.replace(3, "weight", by: layer.scale)
        try call.replace(4, "bias", by: layer.shift)
        return channelsLast(x) { layer($0) }
      },
      own("nn.functional.scaled_dot_product_attention") { call in
        let (q, k, v) = (try call.x, try call.tensor(1, "key"), try call.tensor(2, "value"))
        let rate = try call.number(4, "dropout_p", 0)
        guard rate == 0 else { throw OpInfoCall.LeftOut("a random result") }
        let (isCausal, scale) = (call.flag(5, "is_causal"), try call.optionalNumber(nil, "scale"))
        guard try call.optionalTensor(3, "attn_mask") == nil, !call.flag(nil, "enable_gqa") else {
          throw OpInfoCall.LeftOut("a mask of attention")
        }
        let (n, m) = (q.shape[q.shape.rank - 2], k.shape[k.shape.rank - 2])
        guard isCausal, n != m else { return scaledDotProductAttention(q, k, v, isCausal: isCausal, scale: scale) }
        // There the first query stands beside the first key, here the last beside the last.
        return scaledDotProductAttention(q, k, v, mask: call.tape.constant(Tensor.ones([n, m]).tril()), scale: scale)
      },
      own("nn.functional.cosine_similarity") { call in
        let (a, b) = (try call.x, try call.tensor(1, "x2"))
        let (axis, epsilon) = (try call.int(2, "dim", 1), try call.number(3, "eps", 1e-8))
        guard a.shape.rank > 0 || b.shape.rank > 0 else {
          return cosineSimilarity(a.reshape(to: [1]), b.reshape(to: [1]), epsilon: epsilon)
        }
        // Rows of one number, which PyTorch repeats, are repeated by their owner here.
        let place = axis < 0 ? axis + a.shape.rank : axis
        if a.shape.rank == b.shape.rank, a.shape[place] != b.shape[place] {
          let shape = Shape(zip(a.shape, b.shape).map { max($0, $1) })
          return call.composed {
            cosineSimilarity(a.broadcast(to: shape), b.broadcast(to: shape), axis: axis, epsilon: epsilon)
          }
        }
        return cosineSimilarity(a, b, axis: axis, epsilon: epsilon)
      },
      made("nn.functional.pairwise_distance") { call in
        let (a, b, p) = (try call.x, try call.tensor(1, "x2"), try call.normOrder(2, "p"))
        return (a - b + (try call.number(3, "eps", 1e-6)))
          .norm(order: p ?? 2, axes: [-1], keepingDimensions: call.flag(4, "keepdim"))
      },
    ]
  }
}
